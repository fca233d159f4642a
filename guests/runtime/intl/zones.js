// Time zones: the packed lines of the database, each unpacked when its zone is first asked for.
// {abbrvs, offsets, lines: "Europe/Paris|since,name,offset,summer|…\n…"} → zone → [[since, name, offset, summer], …]
export function keepZones({ abbrvs, offsets, lines }) {
  const names = abbrvs.split("|");
  const seconds = offsets.split("|").map((text) => parseInt(text, 36));
  const kept = Object.create(null); // where its line begins, or what was made of it
  for (let at = 0; at >= 0 && at < lines.length; at = lines.indexOf("\n", at) + 1 || -1) kept[lines.slice(at, lines.indexOf("|", at))] = at;
  const unpacked = (at) => {
    const end = lines.indexOf("\n", at);
    const [, ...parts] = lines.slice(at, end < 0 ? lines.length : end).split("|");
    return parts.map((part) => {
      const [since, name, offset, summer] = part.split(",");
      return [since === "" ? -Infinity : parseInt(since, 36), names[name], seconds[offset], summer === "1"];
    });
  };
  return new Proxy(kept, {
    get(_, zone) {
      if (typeof kept[zone] === "number") kept[zone] = unpacked(kept[zone]);
      return kept[zone];
    },
  });
}
