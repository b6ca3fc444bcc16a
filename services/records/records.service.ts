import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";
import { recordsTypes } from "./records.contract.ts";

export default defineService({
  name: "records",
  mixins: [Fhir({ owns: [...recordsTypes] })],
  actions: {},
});
