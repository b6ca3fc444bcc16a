/**
 * The elements of a resource that name its author (`fhir/authors.ts`) must name the signed-in person. In a new resource an empty one is filled
 * in. A resource that names another Practitioner is refused, unless the writer's role may enter for others (`onBehalf`) or the stored version
 * named them already.
 */
import type { Context } from "moleculer";
import {
  authorsByNumber,
  authorsInWords,
  lacksAuthor,
  type NamedAuthor,
  type NamedByNumber,
  type NamedInWords,
  nameAuthor,
  namedAuthors,
} from "../../fhir/authors.ts";
import { familyNamesIn, isSameName, matchOfName, nameWords } from "../../fhir/person-names.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Practitioner } from "../../fhir/r4.ts";
import type { Resource } from "../../fhir/resource.ts";
import { exactToken, slotsOfParameters, textClause } from "../../fhir/search/exact-clauses.ts";
import { type IssueOfStep, forgedAuthor } from "../../federation/errors.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import { accessOf } from "../../mesh/access/access.ts";
import { isSystem } from "../../mesh/access/identity.ts";
import type { Store } from "../../store/store.ts";
import type { Question } from "./rules/rule.ts";

/** The writer, as resources name people. */
export interface ResourceAuthor {
  /** `Practitioner/1`; absent for a person who is not a Practitioner. */
  practitioner?: string;
  name?: string;
  mayEnterForOthers: boolean;
}

/** The caller; undefined when access is open, and for the mesh's own work. @param isOwn the service itself writes, on behalf of the caller */
export function writerOf(ctx: Context, { isOwn }: { isOwn: boolean }): ResourceAuthor | undefined {
  const access = accessOf(ctx.broker);
  if (access.isOpen) return undefined;
  const identity = access.identityOf(ctx);
  if (isSystem(identity)) return undefined;
  const { fhirUser, name } = identity;
  return {
    ...(fhirUser?.startsWith("Practitioner/") && { practitioner: fhirUser, ...(name && { name }) }),
    mayEnterForOthers: isOwn || access.rightsOf(identity).mayEnterForOthers,
  };
}

/** Limit of one query; hardly ever do so many share a name. */
const MAX_NAMESAKES = 200;

/** The query for Practitioners with one of these family names, or with this name as a single text. @param names folded */
export function practitionersByName(names: string[]): Question {
  const texts = names.filter((name) => name.includes(" "));
  const groups = [
    [textClause("Practitioner", "family", names)],
    ...(texts.length > 0 ? [[textClause("Practitioner", "name", texts)]] : []),
  ];
  return { type: "Practitioner", clauses: [{ kind: "any", of: groups }], limit: MAX_NAMESAKES };
}

/** The query for Practitioners with one of these identifiers. */
export const practitionersByNumber = (numbers: NamedByNumber[]): Question => ({
  type: "Practitioner",
  clauses: [
    {
      kind: "key",
      slots: slotsOfParameters("Practitioner", ["identifier"]),
      any: numbers.map(({ system, number }) => exactToken(system, number)),
    },
  ],
  limit: MAX_NAMESAKES,
});

type ResourceStep = Extract<OwnerStep, { op: "create" | "update" }>;

/** The context of the check of one step. */
interface AuthorCheck {
  step: ResourceStep;
  index: number;
  writer: ResourceAuthor;
  store: Pick<Store, "read">;
  people: HospitalStaff;
}

/** Looks up the people of this hospital by what resources say about them. */
export interface HospitalStaff {
  /** The Practitioners of these PractitionerRoles, by role, for those that name one. */
  practitionersIn(roles: string[]): Promise<ReadonlyMap<string, string>>;
  /** The Practitioners with one of these family names, or with this name as a single text; names are folded. */
  practitionersNamed(names: string[]): Promise<Resource[]>;
  /** The Practitioners with one of these identifiers. */
  practitionersNumbered(numbers: NamedByNumber[]): Promise<Resource[]>;
}

/**
 * Fills in and checks the authors that a step's resource names.
 * @throws 422 FORGED_AUTHOR with the FHIRPath of each element that names someone else; 503 OWNER_DOWN when a role or name cannot be looked up
 */
export async function ownAuthor(resource: Resource, { step, index, writer, store, people }: AuthorCheck): Promise<void> {
  const others = writer.mayEnterForOthers ? [] : await forgedIn(resource, writer, people);
  const isToBeFilled = writer.practitioner !== undefined && lacksAuthor(resource);
  if (others.length === 0 && !isToBeFilled) return;
  const before = step.op === "create" ? undefined : ((await store.read(step.type, step.id))?.json ?? step.was);
  const knownBy = before === undefined || others.length === 0 ? new Set() : namedBefore(parseJson(before) as Resource);
  const issues = others
    // What the stored version names already is accepted; notes and signatures only with the same text: nobody's words are changed in their name.
    .filter((other) => !knownBy.has(other.isAlone || other.reference === undefined ? byWhole(other) : byReference(other)))
    .map(
      ({ expression }): IssueOfStep => ({ severity: "error", code: "forbidden", diagnostics: WHY, expression: [expression], step: index }),
    );
  if (issues.length > 0) throw forgedAuthor(issues, index);
  if (!isToBeFilled || before !== undefined) return;
  nameAuthor(resource, { reference: writer.practitioner as string, ...(writer.name !== undefined && { display: writer.name }) });
}

const WHY = "It names another Practitioner than the one who has signed in: leave it empty, or have a role that may enter for others.";

const namedBefore = (before: Resource): ReadonlySet<string> =>
  new Set([
    ...namedAuthors(before).flatMap((it) => [byReference(it), byWhole(it)]),
    ...[...authorsInWords(before), ...authorsByNumber(before)].map(byWhole),
  ]);

const byReference = ({ element, reference }: NamedAuthor): string => `${element} is ${reference}`;
const byWhole = ({ element, whole }: Pick<NamedAuthor, "element" | "whole">): string => `${element} has ${whole}`;

/** Names looked up per resource; people named beyond this limit are treated as someone else. */
const MAX_NAMES = 50;

/** A forged author. */
type Forged = Omit<NamedAuthor, "display">;

async function forgedIn(resource: Resource, writer: ResourceAuthor, people: HospitalStaff): Promise<Forged[]> {
  const named = namedAuthors(resource);
  const others = await forged(named, writer, people.practitionersIn);
  const own = named.filter(({ reference }) => reference !== undefined && reference === writer.practitioner);
  const withOwn = new Set(own.map(({ element }) => element));
  const inWords = [
    ...own.flatMap(({ display, ...one }) => (display === undefined ? [] : [{ ...one, display, expression: `${one.expression}.display` }])),
    ...authorsInWords(resource).filter(({ element, isAlone }) => isAlone || !withOwn.has(element)),
  ];
  const falsely = inWords.length === 0 ? [] : await namedFalsely(inWords, writer, people);
  const byNumber = authorsByNumber(resource).filter(({ element, isAlone }) => isAlone || !withOwn.has(element));
  const numbered = byNumber.length === 0 ? [] : await numberedFalsely(byNumber, writer, people);
  return [...others, ...[...falsely, ...numbered].map((one) => ({ ...one, reference: undefined, isAlone: true }))];
}

/** Those whose identifier belongs to another Practitioner of this hospital, and not to the writer. */
async function numberedFalsely(
  named: NamedByNumber[],
  { practitioner }: ResourceAuthor,
  { practitionersNumbered }: HospitalStaff,
): Promise<NamedByNumber[]> {
  const asked = [...new Map(named.map((one) => [JSON.stringify([one.system, one.number]), one])).values()];
  if (asked.length > MAX_NAMES) return named;
  const found = await practitionersNumbered(asked);
  return named.filter(({ system, number }) => {
    const has = ({ identifier = [] }: Pick<Practitioner, "identifier">) =>
      identifier.some((it) => it.value === number && (it.system ?? "") === system);
    const people = found.filter((one) => has(one as Pick<Practitioner, "identifier">));
    return people.length > 0 && !people.some(({ id }) => `Practitioner/${id as string}` === practitioner);
  });
}

/** Those whose text is the name of another Practitioner of this hospital. Relatives and staff of other hospitals are not found and accepted. */
async function namedFalsely(
  named: NamedInWords[],
  { practitioner, name = "" }: ResourceAuthor,
  { practitionersNamed }: HospitalStaff,
): Promise<NamedInWords[]> {
  const own = nameWords(name);
  const asked = named.map((one) => ({ one, words: nameWords(one.display) })).filter(({ words }) => !isSameName(words, own));
  const names = new Set(asked.map(({ words }) => words.join(" ")));
  if (names.size > MAX_NAMES) return asked.map(({ one }) => one);
  const found = names.size === 0 ? [] : await practitionersNamed([...new Set(asked.flatMap(({ words }) => familyNamesIn(words)))]);
  return asked.filter(({ one }) => isOfAnother(one.display, found, practitioner)).map(({ one }) => one);
}

/** Whether the name matches someone else better than the writer, who may share the family name. */
function isOfAnother(said: string, people: Resource[], writer: string | undefined): boolean {
  const matches = people.map((one) => ({ isWriter: `Practitioner/${one.id as string}` === writer, match: matchOfName(said, one) }));
  const has = (isWriter: boolean, match: "whole" | "family") => matches.some((one) => one.isWriter === isWriter && one.match === match);
  if (has(true, "whole")) return false;
  return has(false, "whole") || (has(false, "family") && !has(true, "family"));
}

/** A writer who is in a list of authors may name the others who were present; statements and signatures are each person's own. */
async function forged(
  named: NamedAuthor[],
  { practitioner }: ResourceAuthor,
  practitionersIn: HospitalStaff["practitionersIn"],
): Promise<NamedAuthor[]> {
  const roleOf = ({ reference = "" }: NamedAuthor) => /^PractitionerRole\/[^/]+/.exec(reference)?.[0];
  const roles = [...new Set(named.flatMap((one) => roleOf(one) ?? []))];
  const inRoles = roles.length > 0 ? await practitionersIn(roles) : new Map<string, string>();
  const isOwn = (one: NamedAuthor) => {
    const role = roleOf(one);
    return practitioner !== undefined && (role === undefined ? one.reference : inRoles.get(role)) === practitioner;
  };
  const others = named.filter((one) => !isOwn(one));
  const withOwn = new Set(named.filter(isOwn).map(({ element }) => element));
  return others.filter(({ isAlone, element }) => isAlone || !withOwn.has(element));
}
