/**
 * The element of a resource that names its author (`fhir/authors.ts`): it is who has signed in. A new resource that leaves it empty gets them
 * there; one that names another Practitioner is refused, unless the writer's role may enter for others (`onBehalf`), or it was so before.
 */
import type { Context } from "moleculer";
import { lacksAuthor, type NamedAuthor, nameAuthor, namedAuthors } from "../../fhir/authors.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Resource } from "../../fhir/resource.ts";
import { type IssueOfStep, forgedAuthor } from "../../federation/errors.ts";
import type { OwnerStep } from "../../federation/owner-contract.ts";
import { accessOf } from "../../mesh/access/access.ts";
import { isSystem } from "../../mesh/access/identity.ts";
import type { Store } from "../../store/store.ts";

/** Who writes, as far as resources name them. */
export interface ResourceAuthor {
  /** `Practitioner/1`; absent for who is none. */
  practitioner?: string;
  name?: string;
  mayEnterForOthers: boolean;
}

/** Who has called; undefined where nobody is asked, and for the mesh's own work. @param isOwn the service itself writes, for who has called */
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

type ResourceStep = Extract<OwnerStep, { op: "create" | "update" }>;

/** What a step is held against. */
interface AuthorCheck {
  step: ResourceStep;
  index: number;
  writer: ResourceAuthor;
  store: Pick<Store, "read">;
  /** The practitioners of these PractitionerRoles, by role, where there are some. */
  practitionersIn(roles: string[]): Promise<ReadonlyMap<string, string>>;
}

/**
 * Fills in and checks what a step brings.
 * @throws 422 FORGED_AUTHOR with the FHIRPath of each element that names another; 503 OWNER_DOWN while nobody can say whose PractitionerRole it names
 */
export async function ownAuthor(resource: Resource, { step, index, writer, store, practitionersIn }: AuthorCheck): Promise<void> {
  const others = writer.mayEnterForOthers ? [] : await forged(namedAuthors(resource), writer, practitionersIn);
  const isToBeFilled = writer.practitioner !== undefined && lacksAuthor(resource);
  if (others.length === 0 && !isToBeFilled) return;
  const before = step.op === "create" ? undefined : ((await store.read(step.type, step.id))?.json ?? step.was);
  const known = before === undefined || others.length === 0 ? [] : namedAuthors(parseJson(before) as Resource);
  const knownBy = new Set(known.flatMap((it) => [byReference(it), byWhole(it)]));
  const issues = others
    // What was so before; of a note or a signature with what it says: another's words are not changed in their name.
    .filter((other) => !knownBy.has(other.isAlone || other.reference === undefined ? byWhole(other) : byReference(other)))
    .map(
      ({ expression }): IssueOfStep => ({ severity: "error", code: "forbidden", diagnostics: WHY, expression: [expression], step: index }),
    );
  if (issues.length > 0) throw forgedAuthor(issues, index);
  if (!isToBeFilled || before !== undefined) return;
  nameAuthor(resource, { reference: writer.practitioner as string, ...(writer.name !== undefined && { display: writer.name }) });
}

const WHY = "It names another Practitioner than the one who has signed in: leave it empty, or have a role that may enter for others.";

const byReference = ({ element, reference }: NamedAuthor): string => `${element} is ${reference}`;
const byWhole = ({ element, whole }: NamedAuthor): string => `${element} has ${whole}`;

/** Who is among those that a list names may name who was with them; what is said and signed is each one's own. */
async function forged(
  named: NamedAuthor[],
  { practitioner }: ResourceAuthor,
  practitionersIn: AuthorCheck["practitionersIn"],
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
