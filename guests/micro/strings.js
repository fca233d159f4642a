// Text put together, taken apart and looked through.
() => {
  let text = "";
  for (let i = 0; i < 60_000; i++) text += "item " + i + ";";
  const parts = text.split(";");
  const upper = parts.map((part) => part.toUpperCase().padEnd(12, ".")).join("|");
  let sum = 0;
  for (let i = 0; i < upper.length; i += 3) sum = (sum * 33 + upper.charCodeAt(i)) | 0;
  for (let at = text.indexOf("99"); at >= 0; at = text.indexOf("99", at + 1)) sum++;
  let html = "";
  for (let i = 0; i < 20_000; i++) html += `<li class="row-${i & 7}">${parts[i]}</li>`;
  return sum + text.length + html.length + html.replaceAll("<li", "<p").slice(100, -100).length;
};
