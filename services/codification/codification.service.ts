import { defineService } from "../../mesh/contract.ts";
import { Fhir } from "../../mixins/fhir/fhir.ts";
import { owns } from "./codification.contract.ts";

export default defineService({
  name: "codification",
  mixins: [Fhir({ owns: [...owns] })],
  actions: {},
});
