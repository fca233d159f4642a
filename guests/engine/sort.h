/* Array.prototype.sort by merging: a comparison is a call of the val's own function and costs more than all else, and merging needs a
   tenth fewer of them than quickjs's quicksort, and on what is sorted already one for each element. The comparison may say anything:
   the order is then anything, and still each element stands in it once. */

static void sort_merge(ValueSlot *slots, size_t middle, size_t count, ValueSlot *room, struct array_sort_context *by) {
  if (js_array_cmp_generic(&slots[middle - 1], &slots[middle], by) <= 0) return;
  memcpy(room, slots, middle * sizeof *slots);
  size_t left = 0, right = middle, to = 0;
  while (left < middle && right < count)
    slots[to++] = js_array_cmp_generic(&room[left], &slots[right], by) <= 0 ? room[left++] : slots[right++];
  memcpy(&slots[to], &room[left], (middle - left) * sizeof *slots);
}

static void sort_slots(ValueSlot *slots, size_t count, ValueSlot *room, struct array_sort_context *by) {
  if (count < 2) return;
  size_t middle = count / 2;
  sort_slots(slots, middle, room, by);
  sort_slots(slots + middle, count - middle, room, by);
  if (!by->exception) sort_merge(slots, middle, count, room, by);
}

/* Sort; what could not be sorted is said in `by->exception`. */
static void sort_all(ValueSlot *slots, size_t count, struct array_sort_context *by) {
  ValueSlot *room = js_malloc(by->ctx, (count / 2 + 1) * sizeof *room);
  if (!room) {
    by->exception = 1;
    return;
  }
  sort_slots(slots, count, room, by);
  js_free(by->ctx, room);
}
