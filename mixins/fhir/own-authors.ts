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
  /** The practitioner of a PractitionerRole, where there is one. */
  practitionerIn(role: string): Promise<string | undefined>;
}

/**
 * Fills in and checks what a step brings.
 * @throws 422 FORGED_AUTHOR with the FHIRPath of each element that names another; 503 OWNER_DOWN while nobody can say whose PractitionerRole it names
 */
export async function ownAuthor(resource: Resource, { step, index, writer, store, practitionerIn }: AuthorCheck): Promise<void> {
  const others = writer.mayEnterForOthers ? [] : await forged(namedAuthors(resource), writer, practitionerIn);
  const isToBeFilled = writer.practitioner !== undefined && lacksAuthor(resource);
  if (others.length === 0 && !isToBeFilled) return;
  const before = step.op === "create" ? undefined : ((await store.read(step.type, step.id))?.json ?? step.was);
  const known = before === undefined || others.length === 0 ? [] : namedAuthors(parseJson(before) as Resource);
  const issues = others
    .filter((other) => !known.some((it) => isSame(it, other)))
    .map(
      ({ expression }): IssueOfStep => ({ severity: "error", code: "forbidden", diagnostics: WHY, expression: [expression], step: index }),
    );
  if (issues.length > 0) throw forgedAuthor(issues, index);
  if (!isToBeFilled || before !== undefined) return;
  nameAuthor(resource, { reference: writer.practitioner as string, ...(writer.name !== undefined && { display: writer.name }) });
}

const WHY = "It names another Practitioner than the one who has signed in: leave it empty, or have a role that may enter for others.";

/** What was so before; of a note or a signature with what it says: another's words are not changed in their name. */
const isSame = (before: NamedAuthor, now: NamedAuthor): boolean =>
  before.element === now.element &&
  (now.isAlone || now.reference === undefined ? before.whole === now.whole : before.reference === now.reference);

/** Who is among those that a list names may name who was with them; what is said and signed is each one's own. */
async function forged(
  named: NamedAuthor[],
  { practitioner }: ResourceAuthor,
  practitionerIn: AuthorCheck["practitionerIn"],
): Promise<NamedAuthor[]> {
  const own = new Set<NamedAuthor>();
  for (const one of named) {
    const role = /^PractitionerRole\/[^/]+/.exec(one.reference ?? "")?.[0];
    const who = role === undefined ? one.reference : await practitionerIn(role);
    if (practitioner !== undefined && who === practitioner) own.add(one);
  }
  return named.filter((one) => !own.has(one) && (one.isAlone || !named.some((other) => other.element === one.element && own.has(other))));
}
