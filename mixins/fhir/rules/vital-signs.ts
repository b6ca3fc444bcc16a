/** The units of vital signs: those of R4's vital-signs profiles, and what UCUM converts to them. */
import type { Observation, Quantity } from "../../../fhir/r4.ts";
import { isConvertible, UCUM } from "../../../fhir/ucum.ts";
import { refusal } from "./common.ts";
import { lookedAt, type Rule } from "./rule.ts";

const LOINC = "http://loinc.org";
const [LENGTH, MASS, PRESSURE, RATE] = [["cm", "[in_i]"], ["kg", "[lb_av]", "g"], ["mm[Hg]"], ["/min"]];

/** The units by LOINC code (FHIR R4, Vital Signs), with codes that R4 lets a client add to them. */
const UNITS: ReadonlyMap<string, readonly string[]> = new Map([
  ["9279-1", RATE], // respiratory rate
  ["8867-4", RATE], // heart rate
  ["2708-6", ["%"]], // oxygen saturation
  ["59408-5", ["%"]], // oxygen saturation, by pulse oximetry
  ["8310-5", ["Cel", "[degF]"]], // body temperature
  ["8302-2", LENGTH], // body height
  ["8306-3", LENGTH], // body height, lying
  ["9843-4", LENGTH], // head circumference
  ["29463-7", MASS], // body weight
  ["3141-9", MASS], // body weight, measured
  ["39156-5", ["kg/m2"]], // body mass index
  ["8480-6", PRESSURE], // systolic blood pressure
  ["8462-4", PRESSURE], // diastolic blood pressure
  ["8478-0", PRESSURE], // mean blood pressure
]);
/** All units of vital signs: a quantity without a code may have one of these as the name of its unit. */
const NAMES = new Set([...UNITS.values()].flat());

type Measured = Pick<Observation, "code" | "valueQuantity" | "valueRange" | "valueSampledData">;

/** A quantity that cannot be one of a vital sign. */
interface Wrong {
  /** Units that R4 lists. */
  units: readonly string[];
  /** FHIRPath of the element. */
  at: string;
  /** The vital sign and the unit; an update that keeps both is not checked again. */
  key: string;
}

/** A name as people write it ("C" is Celsius to them, and coulomb to UCUM) is only compared with the units of other vital signs. */
function isUnitOf({ system, code, unit }: Quantity, units: readonly string[]): boolean {
  const isCoded = system === UCUM && code !== undefined;
  const named = isCoded ? code : unit;
  if (named === undefined || (!isCoded && !NAMES.has(named))) return true;
  return units.some((one) => one === named || isConvertible(named, one));
}

function wrongIn({ code, valueQuantity, valueRange, valueSampledData }: Measured, at: string): Wrong[] {
  const quantities = [valueQuantity, valueRange?.low, valueRange?.high, valueSampledData?.origin].filter((it) => it !== undefined);
  return (code?.coding ?? []).flatMap((coding) => {
    const units = coding.system === LOINC ? UNITS.get(coding.code ?? "") : undefined;
    if (!units) return [];
    const wrong = quantities.filter((quantity) => !isUnitOf(quantity, units));
    return wrong.map((it) => ({ units, at: `${at}.value`, key: `${coding.code} ${it.code ?? it.unit}` }));
  });
}

const allWrongIn = (observation: Observation | undefined): Wrong[] =>
  observation
    ? [observation, ...(observation.component ?? [])].flatMap((it, index) =>
        wrongIn(it, index === 0 ? "Observation" : `Observation.component[${index - 1}]`),
      )
    : [];

/** Refuses a body weight in mm[Hg]; for each owner of Observations. */
export const vitalSignUnits: Rule<Observation> = {
  id: "observation-vital-sign",
  group: "values",
  holdsAlways: true,
  says: "The unit of a vital sign (by LOINC code) is one of R4's vital-signs profiles, or UCUM converts it to one: a body weight is not in mm[Hg].",
  check(change) {
    const found = allWrongIn(change.after);
    if (found.length === 0) return undefined;
    const kept = new Set(allWrongIn(lookedAt(change)).map(({ key }) => key));
    const wrong = found.find(({ key }) => !kept.has(key));
    if (!wrong) return undefined;
    const what = `This vital sign is measured in ${wrong.units.join(", ")}, or in a unit that UCUM converts to it: correct the unit or the code.`;
    return refusal("observation-vital-sign", what, wrong.at, 422);
  },
};
