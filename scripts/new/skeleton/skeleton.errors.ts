import { Errors } from "moleculer";

const { MoleculerClientError } = Errors;

/** 409: a quantity is never below zero. */
export const notEnough = () => new MoleculerClientError("There is not so much of it: take less, or add some first.", 409, "NOT_ENOUGH");
