import { defineService } from "../../mesh/contract.ts";
import { Fhir } from "../../mixins/fhir/fhir.ts";
import { emits, owns } from "./records.contract.ts";

export default defineService({
  name: "records",
  mixins: [Fhir({ owns: [...owns], emits })],
  actions: {},
});
