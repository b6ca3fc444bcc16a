/** Chooses the Practitioner of an account's person: one with the same name, or a new one. Only practitioners can sign notes and orders. */
import { useEffect, useState } from "preact/hooks";
import type { Practitioner } from "../../../../../fhir/r4.ts";
import type { User } from "../../../../identity/identity.contract.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { create, search } from "../../platform/api.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf, numberOf } from "../../platform/names.ts";
import { joined, t } from "../../platform/texts.ts";
import { changeAccount, practitionerTo } from "./account-changes.ts";

/** Identifier of a Practitioner by account, so that it is created once. */
const ACCOUNT = "urn:openward:account";
/** Pause in typing after which it searches, milliseconds. */
const PAUSE_MS = 300;
/** Limit of the results for one name; more of the name narrows them. */
const MAX_FOUND = "20";

/** A new practitioner for the account. */
export const NEW = "new";

async function alike(name: string): Promise<Practitioner[]> {
  const words = name.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const query = words.map((word): [string, string] => ["name", word]);
  return (await search<Practitioner>("Practitioner", [...query, ["active", "true"], ["_count", MAX_FOUND]])).resources;
}

interface ChoiceProps {
  /** Name of the person. */
  name: string;
  /** `NEW`, or "Practitioner/…". */
  value: string;
  onValue: (value: string) => void;
  fault?: string | undefined;
}

export function PractitionerChoice({ name, ...field }: ChoiceProps) {
  const [settled, setSettled] = useState(name);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(name), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [name]);
  const found = useLoad(`practitioners ${settled}`, () => alike(settled));
  if (found.error?.isAbsent) return null; // this hospital keeps no list of its staff
  const said = (one: Practitioner) => joined(nameOf(one), numberOf(one));
  const options = [[NEW, t("account.practitioner.new")], ...(found.value ?? []).map((one) => [`Practitioner/${one.id}`, said(one)])];
  return html`<${Field} label=${t("account.practitioner")} name="account-practitioner" options=${options} hint=${t("account.practitioner.hint")} ...${field} />`;
}

/** Sets the Practitioner of an account's person; a new one is created first, once per account. @returns as `changeAccount` */
export async function becomePractitioner(user: User, chosen: string): ReturnType<typeof changeAccount> {
  const { id, name } = user;
  const identifier = { system: ACCOUNT, value: id };
  const own: Practitioner = { resourceType: "Practitioner", active: true, identifier: [identifier], name: [{ text: name }] };
  const practitioner = chosen === NEW ? `Practitioner/${(await create(own, `identifier=${ACCOUNT}|${id}`)).id}` : chosen;
  return changeAccount(user, practitionerTo(id, practitioner));
}
