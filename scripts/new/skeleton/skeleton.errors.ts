import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

export const notEnough = () => new MoleculerClientError("There is not so much of it.", 409, "NOT_ENOUGH");
