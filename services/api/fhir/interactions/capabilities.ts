/** The CapabilityStatement of what is currently served, made from the live registry (FHIR R4, capabilitystatement.html). */
import { createHash } from "node:crypto";
import { isNamedBy } from "../../../../fhir/etag.ts";
import { mayReferTo, parametersOf, referencesOf } from "../../../../fhir/search/parameters.ts";
import { accessOf, type Rights, rightsOfCaller } from "../../../../mesh/access/access.ts";
import type { Interaction } from "../../../../mesh/access/roles.ts";
import { brokerOf } from "../../../../mesh/caller.ts";
import { fairTurn } from "../../../../mesh/turns.ts";
import type { Directory } from "../../../../federation/directory.ts";
import type { Answer } from "../../http/answer.ts";
import { KeptByRights } from "../../kept-by-rights.ts";
import { WEBSOCKET_PATH } from "../../http/websockets.ts";
import { subsetOfRead, subsetText } from "../presentation.ts";
import { FHIR_JSON } from "../media-types.ts";
import type { FhirRequest } from "../request.ts";
import { withMember } from "../../../../fhir/json.ts";

const STARTED = new Date().toISOString();

/** Search parameters that every type has, which `parametersOf` does not list. */
const EVERYWHERE = [
  { name: "_id", type: "token" },
  { name: "_lastUpdated", type: "date" },
];

const DEFINITION = "http://hl7.org/fhir/OperationDefinition";
const OPERATIONS = [
  { name: "validate", definition: `${DEFINITION}/Resource-validate` },
  { name: "meta", definition: `${DEFINITION}/Resource-meta` },
  { name: "meta-add", definition: `${DEFINITION}/Resource-meta-add` },
  { name: "meta-delete", definition: `${DEFINITION}/Resource-meta-delete` },
];
const SYSTEM_OPERATIONS = [{ name: "meta", definition: `${DEFINITION}/Resource-meta` }];
const OWN_OPERATIONS: Record<string, { name: string; definition: string }[]> = {
  Patient: [
    { name: "everything", definition: `${DEFINITION}/Patient-everything` },
    { name: "match", definition: `${DEFINITION}/Patient-match` },
    { name: "merge", definition: `${DEFINITION}/Patient-merge` },
  ],
  Encounter: [{ name: "everything", definition: `${DEFINITION}/Encounter-everything` }],
  Observation: [{ name: "lastn", definition: `${DEFINITION}/Observation-lastn` }],
};

/** The part that depends on the services and the caller's rights, and its digest. */
interface ResourcesPart {
  resources: string;
  digest: string;
}

const made = new KeptByRights<ResourcesPart>();

const digestOf = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 22);

/** GET metadata: with an ETag that changes with the statement (R4, http.html#capabilities), and with `_summary` and `_elements`. */
export async function capabilities(request: FhirRequest, version: string): Promise<Answer> {
  await fairTurn(); // everybody may ask, and a part of it takes milliseconds
  const subset = subsetOfRead(request);
  const { text, tag } = statement(request, version);
  const headers = { ETag: `W/"${tag}"` };
  if (isNamedBy(request.header("if-none-match"), tag)) return { status: 304, headers };
  return { status: 200, headers: { ...headers, "Content-Type": FHIR_JSON }, body: subsetText(text, subset) };
}

/** Made again only when services have come or gone, once for all callers with the same rights. */
function resourcesPart({
  directory,
  conditionalDelete,
  caller,
}: Pick<FhirRequest, "directory" | "conditionalDelete" | "caller">): ResourcesPart {
  const rights = rightsOfCaller(caller);
  return made.get(directory, rights, () => {
    const text = JSON.stringify(resources(directory, conditionalDelete, rights));
    return { resources: text, digest: digestOf(text) };
  });
}

/** The statement as JSON text. */
function statement(
  {
    directory,
    base,
    conditionalDelete,
    isCrossOrigin,
    caller,
  }: Pick<FhirRequest, "directory" | "base" | "conditionalDelete" | "isCrossOrigin" | "caller">,
  version: string,
): { text: string; tag: string } {
  const known = resourcesPart({ directory, conditionalDelete, caller });
  const head = {
    resourceType: "CapabilityStatement",
    status: "active",
    date: STARTED,
    kind: "instance",
    software: { name: "OpenWard", version },
    implementation: { description: "A mesh of services; this statement lists what runs at this moment.", url: base },
    fhirVersion: "4.0.1",
    format: ["application/fhir+json", "json"],
    patchFormat: ["application/json-patch+json", "application/fhir+json"],
  };
  const hasCoordinator = directory.services().some(({ service }) => service === "transactions");
  const codes = [...(hasCoordinator ? ["transaction"] : []), "batch", "history-system", "search-system"];
  const interaction = directory.types().length > 0 ? codes.map((code) => ({ code })) : undefined;
  const security = { cors: isCrossOrigin, ...(accessOf(brokerOf(caller)).isOpen ? { description: OPEN } : signInAt(base)) };
  const hasRules = directory.services().some(({ owns }) => owns.some(({ rules = [] }) => rules.length > 0));
  const rest = {
    mode: "server",
    ...(!hasRules && { documentation: NO_RULES }),
    ...(directory.known("Subscription").length > 0 && { extension: [{ url: WEBSOCKET, valueUri: webSocketAddress(base) }] }),
    security,
    interaction,
    searchParam: EVERYWHERE,
    operation: SYSTEM_OPERATIONS,
  };
  // The resources are text already: they are most of it, and equal for all callers with the same rights.
  const text = withMember(head, "rest", `[${withMember(rest, "resource", known.resources)}]`);
  return { text, tag: digestOf(JSON.stringify([head, rest]) + known.digest) };
}

const OPEN = "ACCESS=open: anybody who reaches this server may read and change everything. It is for trying out, on one machine.";

/** The sign-in endpoints for apps (SMART App Launch 2.2, conformance, "Declaring support in the CapabilityStatement"). */
function signInAt(base: string): object {
  const auth = base.replace(/\/fhir$/, "/auth");
  const uris = { authorize: `${auth}/authorize`, token: `${auth}/token`, introspect: `${auth}/introspect`, revoke: `${auth}/revoke` };
  const coding = { system: "http://terminology.hl7.org/CodeSystem/restful-security-service", code: "SMART-on-FHIR" };
  return {
    extension: [
      {
        url: "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
        extension: Object.entries(uris).map(([url, valueUri]) => ({ url, valueUri })),
      },
    ],
    service: [{ coding: [coding], text: "OAuth2 using SMART-on-FHIR profile (see http://docs.smarthealthit.org)" }],
  };
}

/** R4's extension with the address of websockets. */
const WEBSOCKET = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket";
const webSocketAddress = (base: string): string => base.replace(/^http/, "ws").replace(/\/fhir$/, WEBSOCKET_PATH);

/** The rules by which writes of the type may be refused, besides R4's own. */
function rulesOf(directory: Directory, type: string): { documentation?: string } {
  const rules = directory.services().flatMap(({ owns }) => owns.flatMap((own) => (own.type === type ? (own.rules ?? []) : [])));
  const told = new Set(rules.map(({ id, says, mode }) => `- ${id}${mode === "warn" ? " (only warns)" : ""}: ${says}`));
  return told.size > 0 ? { documentation: `Rules of the hospital hold for what is written:\n${[...told].join("\n")}` } : {};
}

const NO_RULES = "A plain FHIR server: no rules of the hospital hold here.";

/** FHIR's interactions by the letter of the right to them (SMART App Launch 2.2, scopes). */
const INTERACTIONS: readonly (readonly [string, Interaction])[] = [
  ["read", "r"],
  ["vread", "r"],
  ["update", "u"],
  ["patch", "u"],
  ["delete", "d"],
  ["history-instance", "r"],
  ["history-type", "s"],
  ["create", "c"],
  ["search-type", "s"],
];

/** @param rights of the caller; undefined: unlimited */
function resources(directory: Directory, conditionalDelete: "single" | "multiple", rights: Rights | undefined): object[] {
  const may = (type: string, letter: Interaction) => rights === undefined || rights.with(type, letter) !== "none";
  const types = directory.types().filter((type) => INTERACTIONS.some(([, letter]) => may(type, letter)));
  const references = types.flatMap((source) => referencesOf(source).map((parameter) => ({ source, parameter })));
  const named = ({ source, parameter }: (typeof references)[number]) => `${source}:${parameter.code}`;
  return types.map((type) => ({
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    ...rulesOf(directory, type),
    interaction: INTERACTIONS.filter(([, letter]) => may(type, letter)).map(([code]) => ({ code })),
    versioning: "versioned-update",
    readHistory: true,
    updateCreate: may(type, "c") && may(type, "u"),
    conditionalCreate: may(type, "c"),
    conditionalRead: "full-support",
    conditionalUpdate: may(type, "u"),
    conditionalDelete: may(type, "d") ? conditionalDelete : "not-supported",
    referencePolicy: ["literal", "logical", "local"],
    searchInclude: ["*", ...references.filter(({ source }) => source === type).map(named)],
    searchRevInclude: ["*", ...references.filter(({ parameter }) => mayReferTo(parameter, type)).map(named)],
    searchParam: [...EVERYWHERE, ...[...parametersOf(type).values()].map(({ code, type: kind }) => ({ name: code, type: kind }))],
    operation: [...OPERATIONS, ...(OWN_OPERATIONS[type] ?? [])],
  }));
}
