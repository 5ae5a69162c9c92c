/** Numbers and counts as people read them. */

const WHOLE = new Intl.NumberFormat("en");

/** 400000 -> "400,000". */
export const count = (number) => WHOLE.format(number);

/** "1 point", "2,000 points". */
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** A number with about four digits: 0.1234, 12.34, 1,234. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "none";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return size >= 10000 ? WHOLE.format(value) : String(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(2);
  return new Intl.NumberFormat("en", { maximumSignificantDigits: size >= 1000 ? 6 : 4 }).format(value);
}

/** A score, always with three decimals below 10, so that columns of them line up. */
export const score = (value) => (Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(1));

/** 0.123 -> "12 %". */
export const percent = (share) => `${share > 0 && share < 0.01 ? "< 1" : Math.round(share * 100)} %`;

const SUFFIX = { 1: "st", 2: "nd", 3: "rd" };

/** 1 -> "1st". */
export function ordinal(place) {
  const teen = place % 100 > 10 && place % 100 < 14;
  return `${count(place)}${teen ? "th" : SUFFIX[place % 10] ?? "th"}`;
}

/** A value of a record as text. */
export function shown(value) {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "number") return number(value);
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}
