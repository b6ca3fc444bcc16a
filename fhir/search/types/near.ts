/** `near=latitude|longitude|distance|unit` on Location (R4 Location, special parameter). */
import { fhirError } from "../../outcome.ts";
import type { SearchParameter } from "../parameters.ts";
import type { Clause, RangeMatch } from "../query.ts";
import { splitAt } from "../escapes.ts";
import { number } from "./number.ts";
import { isObject, type RowWriter } from "./writer.ts";

/** Metres per unit, by its UCUM code or name. */
const METRES: Record<string, number> = {
  m: 1,
  km: 1000,
  "[mi_i]": 1609.344,
  mi: 1609.344,
  "[mi_us]": 1609.347,
  "[ft_i]": 0.3048,
  ft: 0.3048,
  "[nmi_i]": 1852,
};
/** Default distance, kilometres, which R4 leaves to the server. */
const DEFAULT_KM = 50;
const METRES_PER_DEGREE = 111_195;
/** Number of strips that cover the circle, each as wide as the circle is within it. */
const STRIPS = 16;

const MAX_PLACES = 10;

/** A coordinate of Location.position. */
export function coordinate(name: string): RowWriter {
  return (sink, value) => isObject(value) && number(sink, value[name], "");
}

/** Locations in the circle, or outside it by at most a sixteenth of its height. Slots: latitude, longitude. */
export function nearClauses(parameter: SearchParameter, values: string[], name: string): Clause[] {
  if (values.length > MAX_PLACES) {
    throw fhirError(400, "too-costly", `"${name}" has ${values.length} places; ${MAX_PLACES} are the most.`, name);
  }
  const [latitudes, longitudes] = parameter.slots as [number, number];
  const groups = values.flatMap((value) => strips(...circleOf(value, name)));
  const of = groups.map(([latitude, longitude]): Clause[] => [
    { kind: "range", slots: [latitudes], any: [latitude] },
    { kind: "range", slots: [longitudes], any: longitude },
  ]);
  return [{ kind: "any", of }];
}

function circleOf(value: string, name: string): [latitude: number, longitude: number, metres: number] {
  const [latitude = "", longitude = "", distance, unit = "km", ...more] = splitAt(value, "|");
  const size = distance === undefined || distance === "" ? DEFAULT_KM : numeral(distance);
  const metres = size * (METRES[unit || "km"] ?? Number.NaN);
  const [north, east] = [numeral(latitude), numeral(longitude)];
  const isValid = Math.abs(north) <= 90 && Math.abs(east) <= 180 && metres >= 0;
  if (!isValid || more.length) {
    throw fhirError(
      400,
      "invalid",
      `"${name}" needs latitude|longitude|distance|unit, e.g. -83.69|42.25|11.2|km; units: ${Object.keys(METRES).join(", ")}.`,
      name,
    );
  }
  return [north, east, metres];
}

function numeral(text: string): number {
  return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function strips(latitude: number, longitude: number, metres: number): [RangeMatch, RangeMatch[]][] {
  const reach = Math.min(metres / METRES_PER_DEGREE, 180);
  const found: [RangeMatch, RangeMatch[]][] = [];
  for (let i = 0; i < STRIPS; i++) {
    const south = latitude - reach + (2 * reach * i) / STRIPS;
    const north = latitude - reach + (2 * reach * (i + 1)) / STRIPS;
    if (south > 90 || north < -90) continue;
    found.push([{ lowGe: south, highLe: north }, around(longitude, halfWidth(latitude, reach, south, north))]);
  }
  return found;
}

const RADIANS = Math.PI / 180;

/** The farthest that the circle extends east or west within a strip, degrees of longitude: at one of its edges, or where the circle is widest. */
function halfWidth(latitude: number, reach: number, south: number, north: number): number {
  const widest = Math.asin(Math.sin(latitude * RADIANS) / Math.cos(reach * RADIANS)) / RADIANS; // NaN if the circle contains a pole
  const inside = widest > south && widest < north ? [widest] : [];
  return Math.max(...[Math.max(south, -90), Math.min(north, 90), ...inside].map((at) => widthAt(latitude, reach, at)));
}

/** How far the circle extends east or west on a parallel, degrees: 0 outside of it, 180 if it contains the whole parallel. */
function widthAt(latitude: number, reach: number, at: number): number {
  const across = Math.cos(latitude * RADIANS) * Math.cos(at * RADIANS);
  // At a pole all longitudes are the same place.
  if (across < 1e-12) return Math.abs(at - latitude) <= reach ? 180 : 0;
  const cosine = (Math.cos(reach * RADIANS) - Math.sin(latitude * RADIANS) * Math.sin(at * RADIANS)) / across;
  return Math.acos(Math.min(1, Math.max(-1, cosine))) / RADIANS;
}

/** Across the antimeridian there are two intervals. */
function around(longitude: number, width: number): RangeMatch[] {
  if (width >= 180) return [{ lowGe: -180, highLe: 180 }];
  const [west, east] = [longitude - width, longitude + width];
  if (west < -180) {
    return [
      { lowGe: -180, highLe: east },
      { lowGe: west + 360, highLe: 180 },
    ];
  }
  if (east > 180) {
    return [
      { lowGe: west, highLe: 180 },
      { lowGe: -180, highLe: east - 360 },
    ];
  }
  return [{ lowGe: west, highLe: east }];
}
