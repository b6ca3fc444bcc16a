/** For tests: HL7's test cases are XML. Reads their content, no more. */
import { MemberKind, type ObjectPlan, objectPlanOf, planOfMember } from "../../fhir/validate/type-plan.ts";
import { nonNull } from "../../fhir/non-null.ts";

export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  /** All text in it. */
  text: string;
  /** As it stands in the file. */
  source: string;
}

const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

const decoded = (text: string) =>
  text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name?: string) =>
    name ? (entities[name] ?? whole) : String.fromCodePoint(Number.parseInt(hex ?? decimal ?? "0", hex ? 16 : 10)),
  );

/** The root element of a well-formed text. */
export function parseXml(text: string): Element {
  const token = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([\w:.-]+)((?:[^<>"']|"[^"]*"|'[^']*')*?)(\/?)>|([^<]+)/g;
  const root: Element = { name: "", attributes: {}, children: [], text: "", source: "" };
  const open: [element: Element, start: number][] = [[root, 0]];
  for (let found = token.exec(text); found; found = token.exec(text)) {
    const [whole, cdata, close, name, attributes = "", empty, plain] = found;
    const [top] = nonNull(open.at(-1));
    if (cdata !== undefined) top.text += cdata;
    else if (plain !== undefined) top.text += decoded(plain);
    else if (close) {
      const [element, start] = nonNull(open.pop());
      element.source = text.slice(start, token.lastIndex);
      nonNull(open.at(-1))[0].text += element.text;
    } else if (name) {
      const pairs = [...attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
      const element: Element = {
        name,
        attributes: Object.fromEntries(pairs.map(([, key, double, single]) => [key, decoded(double ?? single ?? "")])),
        children: [],
        text: "",
        source: whole,
      };
      top.children.push(element);
      if (!empty) open.push([element, found.index]);
    }
  }
  return nonNull(root.children[0]);
}

export const childOf = (element: Element, name: string): Element | undefined => element.children.find((child) => child.name === name);

/** FHIR JSON of a resource in XML (R4 xml.html). */
export function resourceOf(element: Element): Record<string, unknown> {
  return { resourceType: element.name, ...jsonOf(element, nonNull(objectPlanOf(element.name))) };
}

function jsonOf({ children, attributes }: Element, plan: ObjectPlan): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const name of ["id", "url"]) if (attributes[name] !== undefined) json[name] = attributes[name];
  for (const child of children) {
    const member = plan.members.get(child.name);
    if (!member) throw new Error(`${plan.name} has no element ${child.name}.`);
    if (member.kind === MemberKind.primitive) {
      const value = member.type === "xhtml" ? child.source : primitive(child.attributes["value"], member.type);
      const extended = jsonOf({ ...child, children: member.type === "xhtml" ? [] : child.children }, nonNull(objectPlanOf("Element")));
      const sibling = Object.keys(extended).length ? extended : undefined;
      if (!member.isList) {
        if (value !== undefined) json[member.name] = value;
        if (sibling) json[`_${member.name}`] = sibling;
        continue;
      }
      const list = [...((json[member.name] ?? []) as unknown[]), value ?? null];
      json[member.name] = list;
      const siblings = json[`_${member.name}`] as unknown[] | undefined;
      if (sibling || siblings) json[`_${member.name}`] = [...(siblings ?? list.slice(1).map(() => null)), sibling ?? null];
      continue;
    }
    const value = member.kind === MemberKind.resource ? resourceOf(nonNull(child.children[0])) : jsonOf(child, planOfMember(member));
    if (member.isList) json[member.name] = [...((json[member.name] ?? []) as unknown[]), value];
    else json[member.name] = value;
  }
  return json;
}

function primitive(text: string | undefined, type: string): unknown {
  if (text === undefined) return undefined;
  if (type === "boolean") return text === "true";
  return ["integer", "positiveInt", "unsignedInt", "decimal"].includes(type) ? Number(text) : text;
}
