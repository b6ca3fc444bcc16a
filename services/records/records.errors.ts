import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 409: a draft cannot be signed. */
export const notFinished = (reference: string) =>
  new MoleculerClientError("It is not finished: make it final (a prescription: active) before you sign it.", 409, "NOT_FINISHED", {
    reference,
  });

/** 409: it is not the version that the person has read. */
export const contentChanged = (reference: string) =>
  new MoleculerClientError("Somebody changed it meanwhile: read it, and sign what you have read.", 409, "CONTENT_CHANGED", { reference });

/** 403: only a Practitioner can sign. */
export const noPractitioner = () =>
  new MoleculerClientError("Your account has no Practitioner: an administrator can add yours.", 403, "NO_PRACTITIONER");

/** 409: there are more signatures than are verified at once. */
export const tooManySignatures = (reference: string) =>
  new MoleculerClientError(
    "The resource has more signatures than are verified at once: read its Provenances.",
    409,
    "TOO_MANY_SIGNATURES",
    {
      reference,
    },
  );
