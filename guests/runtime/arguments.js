// What the function of an entry is called with, by the manner of its use: JSON as it was sent, and an interval's times as Dates.
const { parse } = JSON;
const Moment = Date; // a val may replace what is called so

const listed = (args) => (args === undefined ? [] : parse(args));

function scheduled(args) {
  const list = listed(args);
  const interval = list[0];
  interval.registeredAt = new Moment(interval.registeredAt);
  if (interval.lastRunAt !== undefined) interval.lastRunAt = new Moment(interval.lastRunAt);
  return list;
}

export const GIVEN = { __proto__: null, run: listed, interval: scheduled };
