/** A field for a date of birth as people write it, with its interpretation below. */
import { useState } from "preact/hooks";
import { html } from "../html.ts";
import { birthDateIn } from "../platform/birth-date.ts";
import { ageOf, dateOf, today } from "../platform/clock.ts";
import { typedDay } from "../platform/days.ts";
import { joined, t } from "../platform/texts.ts";
import { Field } from "./field.ts";

/** The FHIR date; text that cannot be parsed is returned as typed, for the server to refuse. */
export const birthDateOf = (text: string): string => birthDateIn(text, today()) ?? text;

interface BirthDateProps {
  label: string;
  name: string;
  value: string;
  onValue: (value: string) => void;
  fault?: string | undefined;
}

export function BirthDateField({ value, onValue, ...more }: BirthDateProps) {
  const [isTyped, setTyped] = useState(false); // what is being typed is not written anew
  const date = birthDateIn(value, today());
  const hint = date === undefined ? t("person.birthDate.hint") : joined(dateOf(date), ageOf(date));
  const onInput = (text: string) => {
    setTyped(true);
    onValue(text);
  };
  return html`<${Field} ...${more} value=${isTyped || date !== value ? value : typedDay(value)} onValue=${onInput} hint=${hint} />`;
}
