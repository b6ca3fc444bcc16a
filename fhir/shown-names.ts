/** The names of a person in the order in which they are shown: on the board, the chart and the wristband the same one stands first. */
import type { HumanName } from "./r4.ts";

const FORMER = ["old", "maiden"];
/** Uses in order; a name without a use is a usual one. */
const ORDER = ["official", "usual", "temp", "nickname", "anonymous", ...FORMER];

const placeOf = ({ use = "usual" }: HumanName): number => ORDER.indexOf(use);

/** Whether the person was called so before. */
export const isFormer = ({ use = "usual" }: HumanName): boolean => FORMER.includes(use);

/** The official name first, former ones last. */
export const namesInOrder = (names: readonly HumanName[] = []): HumanName[] => [...names].sort((a, b) => placeOf(a) - placeOf(b));

/** A name as text: as it was written, else its parts. */
export const nameText = ({ text, family, given = [] }: HumanName): string => text ?? [...given, family].filter(Boolean).join(" ");
