/** The workload `crud`. */
import { connections, expect, matchesOf, measure, send, tally, virtualUsers } from "./client.mjs";
import { readBundles, resourcesOf } from "./data.mjs";

// In the order in which they can refer to each other.
const crudTypes = ["Patient", "Encounter", "Condition", "Observation", "Procedure", "Claim"];
const directoryTypes = ["Practitioner", "Organization"]; // created once before the clock starts

/** One searchable, legal change per type. */
const changes = {
  Patient: (it) => {
    it.gender = "unknown";
  },
  Encounter: (it) => {
    it.period.end = "2031-01-01T10:00:00+00:00";
  },
  Condition: (it) => {
    it.recordedDate = "2031-01-01T10:00:00+00:00";
  },
  Observation: (it) => {
    it.status = "amended";
  },
  Procedure: (it) => {
    it.performedPeriod.end = "2031-01-01T10:00:00+00:00";
  },
  Claim: (it) => {
    it.created = "2031-01-01T10:00:00+00:00";
  },
};

/** Bodies by type, with `@@Type@@` in place of each reference. Only resources that refer to nothing else are taken. */
function crudTemplates(perType = 50) {
  const templates = Object.fromEntries([...crudTypes, ...directoryTypes].map((type) => [type, []]));
  for (const bundle of readBundles().map((text) => JSON.parse(text))) {
    const typeOf = new Map(bundle.entry.map((entry) => [entry.fullUrl, entry.resource.resourceType]));
    const seen = {};
    for (const { id, ...resource } of resourcesOf(bundle)) {
      const type = resource.resourceType;
      // At most two of a type from one bundle, so that many patients are represented.
      if (!templates[type] || templates[type].length >= perType || seen[type] >= 2) continue;
      if (type === "Procedure" && !resource.performedPeriod) continue;
      const before = [...crudTypes.slice(0, crudTypes.indexOf(type)), ...directoryTypes];
      const text = JSON.stringify({ ...resource, identifier: [{ system: "urn:load", value: "@@identifier@@" }] }).replace(
        /urn:uuid:[0-9a-f-]{36}/g,
        (reference) => `@@${typeOf.get(reference)}@@`,
      );
      const isClosed = [...text.matchAll(/"reference":"([^"]*)"/g)].every(([, it]) => before.some((known) => it === `@@${known}@@`));
      if (!isClosed) continue;
      seen[type] = (seen[type] ?? 0) + 1;
      templates[type].push(text);
    }
  }
  return templates;
}

/** The version of an answer: meta.versionId, which must agree with the ETag where both are given. */
function versionOf(resource, answer) {
  const etag = answer.headers.etag?.match(/"([^"]+)"/)?.[1];
  const version = resource?.meta?.versionId ?? etag;
  expect(version && (!etag || etag === version), `version ${resource?.meta?.versionId}, ETag ${etag}`);
  return version;
}

/**
 * Each virtual user repeats: for each of six types create, read, update, read, search; then delete them all, last first; then read the
 * deleted patient. Bodies are Synthea's resources whose references point to what the same loop has created.
 */
export async function crud(deadline) {
  const templates = crudTemplates();
  const run = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
  let serial = 0;
  const fill = (template, references) =>
    template.replace(/@@(\w+)@@/g, (_, name) => (name === "identifier" ? `${run}-${serial}` : references[name]));

  const directory = {};
  for (const type of directoryTypes) {
    serial += 1;
    const answer = await send("POST", `/${type}`, fill(templates[type][0], {}), { Prefer: "return=representation" });
    expect(answer.status === 201, `setup: POST ${type}: ${answer.status} ${answer.text.slice(0, 300)}`);
    directory[type] = `${type}/${JSON.parse(answer.text).id}`;
  }

  const nextBody = (type, round, references) => {
    serial += 1;
    return { identifier: `${run}-${serial}`, body: fill(templates[type][round % templates[type].length], references) };
  };
  return {
    start: () =>
      virtualUsers(async (user) => {
        for (let round = user; !deadline.passed(); round += connections) {
          const references = { ...directory };
          for (const type of crudTypes) {
            if (deadline.passed()) return;
            if (!(await liveOf(type, nextBody(type, round, references), references))) break;
          }
          if (await deleteAll(references, deadline)) return;
        }
      }),
  };
}

/** Creates, reads, updates, reads and finds one resource. False: it could not be created. @param references by type; its own is added */
async function liveOf(type, { identifier, body }, references) {
  const request = { method: "POST", path: `/${type}`, body, status: 201, prefer: "representation" };
  const created = await measure("create", request, (resource, answer) => {
    expect(resource.resourceType === type && resource.id, "not the created resource");
    expect(resource.identifier?.[0]?.value === identifier, "another resource than the one sent");
    return { resource, version: versionOf(resource, answer) };
  });
  if (!created) {
    await pause();
    return false;
  }
  tally.resources += 1;
  const { id } = created.resource;
  const path = `/${type}/${id}`;
  references[type] = path.slice(1);
  const requireVersion = (resource, answer, version) => {
    expect(resource.id === id, "another resource");
    expect(versionOf(resource, answer) === version, `version ${resource.meta?.versionId} instead of ${version}`);
  };
  await measure("read", { path }, (resource, answer) => requireVersion(resource, answer, created.version));

  const updated = await update(type, path, created);
  await measure("read", { path }, (resource, answer) => {
    requireVersion(resource, answer, updated);
    const wanted = structuredClone(resource);
    changes[type](wanted);
    expect(JSON.stringify(wanted) === JSON.stringify(resource), "the update is not in the resource");
  });

  // A patient that is new in this loop has exactly one resource of each type; no answer can come from a cache.
  const query = type === "Patient" ? `identifier=urn:load%7C${identifier}` : `patient=${references.Patient}`;
  await measure("search", { path: `/${type}?${query}` }, (bundle) => {
    const found = matchesOf(bundle);
    expect(found.length === 1 && found[0].id === id, `${found.length} matches instead of the one just written`);
    expect(!updated || found[0].meta.versionId === updated, `found version ${found[0].meta.versionId} instead of ${updated}`);
  });
  return true;
}

/** The version after one change; undefined: it was refused. */
async function update(type, path, { resource, version }) {
  const changed = structuredClone(resource);
  changes[type](changed);
  const request = { method: "PUT", path, body: JSON.stringify(changed), prefer: "representation" };
  const updated = await measure("update", request, (after, answer) => {
    const next = versionOf(after, answer);
    expect(next !== version, `still version ${next} after an update`);
    return next;
  });
  tally.resources += updated ? 1 : 0;
  return updated;
}

/** Deletes what was created, last first, and reads the deleted patient. True: the time is over. */
async function deleteAll(references, deadline) {
  for (const type of crudTypes.toReversed()) {
    if (deadline.passed()) return true;
    if (!references[type]) continue; // its create failed
    await measure("delete", { method: "DELETE", path: `/${references[type]}`, status: [200, 204] });
  }
  if (references.Patient) await measure("read deleted", { path: `/${references.Patient}`, status: [410, 404] });
  return false;
}

/** A server that refuses everything must not be asked in a tight loop. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 200));
