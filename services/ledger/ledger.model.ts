/** Converts audit entries to AuditEvents, and AuditEvents to words. No broker, no database, no clock. */
import { createHash } from "node:crypto";
import type { AuditBatch, AuditedDeed, AuditEntry } from "../../federation/audit-contract.ts";
import type { AuditEvent, AuditEventAgent, AuditEventEntity, CodeableConcept, Coding } from "../../fhir/r4.ts";
import type { Author } from "../../mesh/access/author-contract.ts";
import type { LedgerLanguage, Look } from "./ledger.contract.ts";
import { sentenceOf } from "./words.ts";

const TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type";
const DCM = "http://dicom.nema.org/resources/ontology/DCM";
const ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ROLE = "http://terminology.hl7.org/CodeSystem/object-role";
const INTERACTION = "http://hl7.org/fhir/restful-interaction";

/** AuditEvent.action */
const ACTION: Record<AuditedDeed, "C" | "R" | "U" | "D" | "E"> = {
  create: "C",
  read: "R",
  vread: "R",
  history: "R",
  update: "U",
  delete: "D",
  search: "E",
  operation: "E",
  "sign-in": "E",
  "sign-out": "E",
  token: "E",
};

const REST: Coding = { system: TYPE, code: "rest", display: "Restful Operation" };
const AUTHENTICATION: Coding = { system: DCM, code: "110114", display: "User Authentication" };
const SESSION = {
  "sign-in": { system: DCM, code: "110122", display: "Login" },
  "sign-out": { system: DCM, code: "110123", display: "Logout" },
  token: { system: "urn:openward:deed", code: "token", display: "Use of a token" },
} as const;
/** The types of client and server by what was done, as in BALP's patterns. */
const SOURCE: CodeableConcept = { coding: [{ system: DCM, code: "110153", display: "Source Role ID" }] };
const DESTINATION: CodeableConcept = { coding: [{ system: DCM, code: "110152", display: "Destination Role ID" }] };
const APPLICATION: CodeableConcept = { coding: [{ system: DCM, code: "110150", display: "Application" }] };
const CUSTODIAN: CodeableConcept = {
  coding: [{ system: "http://terminology.hl7.org/CodeSystem/provenance-participant-type", code: "custodian", display: "Custodian" }],
};
const ENDS: Record<"C" | "R" | "U" | "D" | "E", { client: CodeableConcept; server: CodeableConcept }> = {
  C: { client: SOURCE, server: DESTINATION },
  R: { client: DESTINATION, server: SOURCE },
  U: { client: SOURCE, server: DESTINATION },
  D: { client: APPLICATION, server: CUSTODIAN },
  E: { client: SOURCE, server: DESTINATION },
};
const USER: Record<"reads" | "writes", CodeableConcept> = {
  reads: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", code: "IRCP" }] },
  writes: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", code: "AUT" }] },
};

const isSession = (deed: AuditedDeed): deed is keyof typeof SESSION => deed in SESSION;

/** Hash that is equal for two entries of one act of one request at one owner. */
function idOf(owner: string, { work, deed, isDone, type, what, patients, by, query }: AuditEntry): string | undefined {
  if (work === undefined) return undefined;
  const text = JSON.stringify([work, owner, deed, isDone, type, what, patients, by.who, query]);
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}

/** The AuditEvents of a batch. Their ids are derived from their content, so that none is stored twice. */
export const auditEventsOf = (id: string, { owner, entries }: AuditBatch): (AuditEvent & { id: string })[] =>
  entries.map((entry, index) => auditEventOf(idOf(entry.service ?? owner, entry) ?? `${id}.${index}`, owner, entry));

/** @param recorder the service that has recorded the entry */
function auditEventOf(id: string, recorder: string, entry: AuditEntry): AuditEvent & { id: string } {
  const { at, deed, isDone, by, service = recorder } = entry;
  return {
    resourceType: "AuditEvent",
    id,
    type: isSession(deed) ? AUTHENTICATION : REST,
    subtype: [isSession(deed) ? { ...SESSION[deed] } : { system: INTERACTION, code: deed }],
    action: ACTION[deed],
    recorded: new Date(at).toISOString(),
    outcome: isDone ? "0" : entry.isFault ? "8" : "4",
    ...(entry.why !== undefined && { outcomeDesc: entry.why }),
    ...(by.reason && { purposeOfEvent: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ActReason", code: by.reason }] }] }),
    agent: agentsOf(service, entry),
    source: { observer: { display: recorder } },
    ...entitiesOf(entry),
  };
}

function agentsOf(service: string, { deed, by, address }: AuditEntry): [AuditEventAgent, ...AuditEventAgent[]] {
  const { who, name, role, client }: Author = by;
  const done = ACTION[deed];
  const network = address !== undefined && { network: { address, type: "2" as const } };
  const isAtClient = client !== undefined && !isSession(deed);
  return [
    {
      type: done === "R" || done === "E" ? USER.reads : USER.writes,
      ...(role !== "" && { role: role.split(" ").map((text) => ({ text })) }),
      ...(who !== "" && {
        who: {
          ...(who.includes("/") ? { reference: who } : { identifier: { system: "urn:openward:account", value: who } }),
          ...(name !== undefined && { display: name }),
        },
      }),
      ...(!isAtClient && network),
      ...(name !== undefined && { name }),
      requestor: true,
    },
    ...(client === undefined
      ? []
      : [
          {
            type: ENDS[done].client,
            who: { identifier: { system: "urn:openward:client", value: client }, display: client },
            requestor: false,
            ...(isAtClient && network),
          },
        ]),
    { type: ENDS[done].server, who: { display: service }, requestor: false },
  ];
}

const PERSON = { type: { system: ENTITY, code: "1", display: "Person" }, role: { system: ROLE, code: "1", display: "Patient" } };
const DATA = {
  type: { system: ENTITY, code: "2", display: "System Object" },
  role: { system: ROLE, code: "4", display: "Domain Resource" },
};
const QUERY = { type: DATA.type, role: { system: ROLE, code: "24", display: "Query" } };

/** Type of the detail that contains the number of attempts. */
const COUNT = "count";

/** The entities: patients, resources, query, and request. */
function entitiesOf({ deed, type, what = [], patients = [], patientCount, query, call, count }: AuditEntry): Pick<AuditEvent, "entity"> {
  const isQuery = deed === "search" || deed === "operation" || (what.length === 0 && query !== undefined);
  // A patient's own record is data, too, unless it was found by a query.
  const data = isQuery ? what.filter((reference) => !patients.includes(reference)) : what;
  const entity: AuditEventEntity[] = [
    ...patients.map((reference): AuditEventEntity => ({ what: { reference }, ...PERSON })),
    ...(patientCount === undefined ? [] : [{ ...PERSON, description: `${patientCount} patients` }]),
    ...data.map((reference): AuditEventEntity => ({ what: { reference }, ...DATA })),
    ...(isQuery && (query ?? type) !== undefined
      ? [{ ...QUERY, ...(type !== undefined && { name: type }), query: Buffer.from(query ?? (type as string)).toString("base64") }]
      : []),
    ...(count === undefined ? [] : [{ ...DATA, name: "tries", detail: [{ type: COUNT, valueString: String(count) }] }]),
    ...(call === undefined
      ? []
      : [
          {
            what: { identifier: { value: call } },
            type: { system: "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", code: "XrequestId" },
          },
        ]),
  ].map((one) => noNameBesideQuery(one as AuditEventEntity));
  return entity.length === 0 ? {} : { entity };
}

/** R4 (sev-1): an entity has a name or a query, not both. */
function noNameBesideQuery({ name, ...entity }: AuditEventEntity): AuditEventEntity {
  if (name === undefined) return entity;
  return entity.query === undefined ? { name, ...entity } : { ...entity, description: name };
}

const codesOf = (entity: AuditEventEntity): string => `${entity.type?.code ?? ""}/${entity.role?.code ?? ""}`;

/** Value for an unknown person. */
const UNKNOWN = "unknown";

/** An AuditEvent as an access with a sentence. */
export function lookOf(event: AuditEvent & { id: string }, language: LedgerLanguage): Look {
  const [user] = event.agent;
  const deed = deedOf(event);
  const { reference, identifier, display } = user?.who ?? {};
  const who = reference ?? identifier?.value ?? UNKNOWN;
  const entities = event.entity ?? [];
  const patients = entities.flatMap((one) => (codesOf(one) === "1/1" && one.what?.reference ? [one.what.reference] : []));
  const named = entities.flatMap((one) =>
    codesOf(one) === "2/4" ? (one.what?.reference?.split("/", 1) ?? []) : codesOf(one) === "2/24" ? (one.description ?? []) : [],
  );
  const what = [...new Set(named.length > 0 ? named : patients.length > 0 ? ["Patient"] : [])];
  const role = user?.role?.map(({ text }) => text).join(" ");
  const client = event.agent.find(({ who: it }) => it?.identifier?.system === "urn:openward:client")?.who?.identifier?.value;
  const purpose = event.purposeOfEvent?.[0]?.coding?.[0]?.code;
  const isDone = event.outcome === "0";
  const isFault = event.outcome === "8";
  const address = user?.network?.address;
  const count = Number(entities.flatMap(({ detail = [] }) => detail).find(({ type }) => type === COUNT)?.valueString ?? 1);
  return {
    at: event.recorded,
    who,
    ...(display !== undefined && { name: display }),
    ...(role && { role }),
    ...(client !== undefined && { client }),
    ...(purpose !== undefined && { purpose }),
    patients,
    what,
    isDone,
    says: sentenceOf({
      language,
      deed,
      name: display ?? (who === UNKNOWN ? undefined : who),
      role,
      what,
      isDone,
      isFault,
      purpose,
      address,
      count,
    }),
    event: `AuditEvent/${event.id}`,
  };
}

function deedOf({ subtype }: AuditEvent): AuditedDeed {
  const code = subtype?.[0]?.code ?? "read";
  const session = (Object.keys(SESSION) as (keyof typeof SESSION)[]).find((it) => SESSION[it].code === code);
  return session ?? (code as AuditedDeed);
}
