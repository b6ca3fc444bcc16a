import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";
import { codificationTypes } from "./codification.contract.ts";

export default defineService({
  name: "codification",
  mixins: [Fhir({ owns: [...codificationTypes] })],
  actions: {},
});
