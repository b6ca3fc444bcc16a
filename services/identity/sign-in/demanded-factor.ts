/** Whether a person must have a second factor: a role says so in its file, or as administrators have changed it (`secondFactor`). */
import type { RoleBook } from "../roles-now/role-book.ts";
import type { StoredAccount } from "../identity.model.ts";

/** Answers whether an account must have a second factor, by the roles that it has now. */
export class DemandedFactor {
  readonly #roles: Pick<RoleBook, "demandSecondFactor">;

  constructor(roles: Pick<RoleBook, "demandSecondFactor">) {
    this.#roles = roles;
  }

  /** Accounts for trying need none. */
  async isFor({ roles, isForTrying }: Pick<StoredAccount, "roles" | "isForTrying">): Promise<boolean> {
    return isForTrying !== true && (await this.#roles.demandSecondFactor(roles));
  }

  /** Whether it is demanded of a person who has signed in without. @param amr how that was (RFC 8176) */
  async isMissing(account: Pick<StoredAccount, "roles" | "isForTrying">, amr: string[] | undefined): Promise<boolean> {
    return !amr?.includes(SECOND) && (await this.isFor(account));
  }
}

/** In `amr`: a code of an authenticator app, or one for when it is lost. */
export const SECOND = "otp";
