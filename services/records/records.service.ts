import { join } from "node:path";
import { v7 as timeOrderedId } from "uuid";
import type { WithDirectory } from "../../federation/directory.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Resource } from "../../fhir/resource.ts";
import { readResource } from "../../federation/read.ts";
import { accessOf, notAllowed, signInNeeded } from "../../mesh/access/access.ts";
import { personOf } from "../../mesh/access/author.ts";
import { readConfig } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { referenceTo, splitReference } from "../../mixins/fhir/domain-references.ts";
import { seenVersionRules } from "../../mixins/fhir/seen-version.ts";
import { emits, owns, type records } from "./records.contract.ts";
import { contentChanged, noPractitioner, notFinished } from "./records.errors.ts";
import { rules } from "./records.rules.ts";
import { SignatureKeys } from "./signing/signature-keys.ts";
import { isFinished, SIGNED_TYPES, type Signing, signatureOf, signedProvenance } from "./signing/signature.model.ts";
import { verified } from "./signing/verify.ts";

interface Own {
  keys: SignatureKeys;
}

export default defineService<typeof records, WithFhir & WithDirectory & Own>({
  name: "records",
  mixins: [Fhir({ owns: [...owns], emits, rules })],

  actions: {
    sign: {
      rest: "POST",
      summary: "Sign a note, a report or a prescription, as it is now",
      params: { reference: referenceTo(...SIGNED_TYPES), ...seenVersionRules, $$strict: true },
      async handler(ctx) {
        const { reference, version: seen } = ctx.params;
        const [type, id] = splitReference(reference);
        const access = accessOf(this.broker);
        if (access.isOpen) throw signInNeeded();
        const identity = access.identityOf(ctx);
        const { fhirUser, name } = personOf(identity);
        if (!fhirUser?.startsWith("Practitioner/")) throw noPractitioner();
        const found = await readResource({ caller: ctx, directory: this.directory }, type, id);
        if (access.rightsOf(identity).with(type, "u") === "none") throw notAllowed(`sign ${type}`);
        if (seen !== undefined && seen !== found.version) throw contentChanged(reference);
        const resource = parseJson(found.json) as Resource;
        if (!isFinished(resource)) throw notFinished(reference);
        const target = `${reference}/_history/${found.version}`;
        const signing: Signing = { target, who: fhirUser, ...(name && { name }), at: new Date().toISOString() };
        const jws = await signatureOf(found.json, signing, await this.keys.signing());
        const provenance = signedProvenance(timeOrderedId(), resource, signing, jws);
        await this.fhir.create(provenance);
        return { provenance: `Provenance/${provenance.id}`, target, who: fhirUser, at: signing.at };
      },
    },

    verify: {
      rest: "GET",
      summary: "What was signed of a resource, by whom, and whether it is unchanged",
      params: { reference: referenceTo(...SIGNED_TYPES), $$strict: true },
      async handler(ctx) {
        const { fhir, keys } = this;
        return verified(ctx.params.reference, { mesh: { caller: ctx, directory: this.directory }, fhir, keys });
      },
    },
  },

  created() {
    this.keys = new SignatureKeys(() => this.store, join(readConfig().dataDir, "records-es256.json"));
  },
});
