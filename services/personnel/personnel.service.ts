import { defineService } from "../../mesh/contract.ts";
import { Fhir } from "../../mixins/fhir/fhir.ts";
import { owns } from "./personnel.contract.ts";

export default defineService({
  name: "personnel",
  mixins: [Fhir({ owns: [...owns] })],
  actions: {},
});
