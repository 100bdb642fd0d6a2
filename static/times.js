// Shows times relative to now; the exact time is in the title. Without scripts the exact time stays.

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });

function relative(moment) {
  const seconds = Math.round((moment - Date.now()) / 1000);
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return format.format(Math.trunc(seconds / length), unit);
}

function update() {
  for (const time of document.querySelectorAll("time")) {
    const moment = Date.parse(time.dateTime);
    if (moment) time.textContent = relative(moment);
  }
}

update();
setInterval(update, 10_000);
