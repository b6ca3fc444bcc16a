/** Accounts: created, changed and closed by administrators, with everything that ends sessions and tokens. */
import { randomUUID } from "node:crypto";
import { DuplicateKey, type Update } from "../../store/documents/documents.ts";
import type { IdentityData } from "./identity-data.ts";
import type { PasswordLink, RoleName, Session, User } from "./identity.contract.ts";
import { lastAdministrator, loginTaken, passwordWeak, practitionerTaken, userChanged, userNotFound } from "./identity.errors.ts";
import {
  hashOf,
  isPassword,
  loginOf,
  newSecret,
  type StoredAccount,
  type StoredArtifact,
  type StoredLink,
  userOf,
} from "./identity.model.ts";
import type { News } from "./news.ts";
import type { Passwords } from "./sign-in/passwords.ts";

/** Lifetime of a link that sets a password, milliseconds. */
const LINK_MS = 3_600_000;
/** Limit of one list. */
const MAX_LISTED = 10_000;
/** Login name of the administrator that the first start creates. */
const FIRST_LOGIN = "admin";

/** Query for administrators; trial accounts do not count. */
const ADMINISTRATES = {
  isAdministrator: true,
  password: { $exists: true },
  closedAt: { $exists: false },
  isForTrying: { $exists: false },
} as const;

/** What accounts need. */
export interface AccountParts {
  kept: IdentityData;
  news: News;
  passwords: Passwords;
  /** The public base URL; undefined: not known here. */
  origin?: string | undefined;
}

/** The accounts of a node of `identity`, or of a program that works on its store. */
export class Accounts {
  readonly #parts: AccountParts;

  constructor(parts: AccountParts) {
    this.#parts = parts;
  }

  /** @throws 409 LOGIN_TAKEN, 409 PRACTITIONER_TAKEN, 422 PASSWORD_WEAK */
  async create(given: {
    login: string;
    name: string;
    roles: RoleName[];
    practitioner?: string | undefined;
    password?: string | undefined;
    isForTrying?: boolean | undefined;
  }): Promise<{ user: User; link?: PasswordLink }> {
    const { name, roles, practitioner, password, isForTrying } = given;
    const login = loginOf(given.login);
    if (password !== undefined && !isPassword(password, login)) throw passwordWeak();
    const account = newAccount({
      login,
      name,
      roles,
      ...(practitioner !== undefined && { practitioner }),
      ...(isForTrying && { isForTrying }),
      ...(password !== undefined && { password: await this.#parts.passwords.hash(password) }),
    });
    await this.#insert(account);
    return { user: userOf(account), ...(password === undefined && { link: await this.#link(account._id, "reset") }) };
  }

  /** @param user login name or id @throws 404 USER_NOT_FOUND */
  async find(user: string): Promise<StoredAccount> {
    const found = await this.#accounts.findOne({ $or: [{ login: loginOf(user) }, { _id: user }] });
    if (!found) throw userNotFound(user);
    return found;
  }

  /** @param seen the version that the caller has read @throws 404 USER_NOT_FOUND, also for a closed account; 409 USER_CHANGED */
  async #findOpen(user: string, seen?: number): Promise<StoredAccount> {
    const account = await this.find(user);
    if (account.closedAt !== undefined) throw userNotFound(user);
    if (seen !== undefined && seen !== (account.version ?? 0)) throw userChanged(user);
    return account;
  }

  /** Changes the account in the version that was found, or not at all. @throws 404 USER_NOT_FOUND, 409 USER_CHANGED */
  async #update({ _id, version }: StoredAccount, change: Update<StoredAccount>): Promise<void> {
    const found = { _id, version: version ?? { $exists: false as const }, closedAt: { $exists: false as const } };
    if ((await this.#accounts.updateMany(found, change)) === 1) return;
    throw (await this.open(_id)) ? userChanged(_id) : userNotFound(_id);
  }

  /** The account with this id; null if it is closed, or does not exist. */
  open(id: string): Promise<StoredAccount | null> {
    return this.#accounts.findOne({ _id: id, closedAt: { $exists: false } });
  }

  async list(): Promise<User[]> {
    return (await this.#accounts.find({ sort: ["login"], limit: MAX_LISTED })).map(userOf);
  }

  /** @param seen the version that was read @throws 404 USER_NOT_FOUND, 409 LAST_ADMINISTRATOR, 409 USER_CHANGED */
  async setRoles(user: string, roles: RoleName[], seen?: number): Promise<User> {
    const account = await this.#findOpen(user, seen);
    const isAdministrator = roles.includes("administrator");
    if (account.isAdministrator && !isAdministrator) await this.#requireAnother(account);
    const changed = { roles: [...new Set(roles)], isAdministrator, version: nextOf(account) };
    await this.#update(account, { $set: changed });
    await this.#parts.news.tell({ sub: account._id });
    return userOf({ ...account, ...changed });
  }

  /**
   * @param practitioner absent: the person is not a Practitioner here
   * @param seen the version that was read
   * @throws 404 USER_NOT_FOUND, 409 PRACTITIONER_TAKEN, 409 USER_CHANGED
   */
  async setPractitioner(user: string, practitioner: string | undefined, seen?: number): Promise<User> {
    const account = await this.#findOpen(user, seen);
    const version = nextOf(account);
    const isNobody = practitioner === undefined;
    try {
      await this.#update(account, isNobody ? { $set: { version }, $unset: { practitioner: true } } : { $set: { version, practitioner } });
    } catch (error) {
      throw error instanceof DuplicateKey ? practitionerTaken(practitioner ?? "") : error;
    }
    const { practitioner: before, ...rest } = account;
    if (before !== undefined && before !== practitioner) await this.#parts.news.tell({ sub: account._id });
    return userOf({ ...rest, version, ...(!isNobody && { practitioner }) });
  }

  /** @throws 404 USER_NOT_FOUND, 409 LAST_ADMINISTRATOR */
  async close(user: string): Promise<User> {
    const account = await this.find(user);
    if (account.isAdministrator) await this.#requireAnother(account);
    return this.#close(account);
  }

  /** Closes the account of a practitioner who has left, if there is one. */
  async closeOf(practitioner: string): Promise<void> {
    const account = await this.#accounts.findOne({ practitioner, closedAt: { $exists: false } });
    if (account) await this.#close(account);
  }

  /** Ends sessions, codes and tokens; the person may sign in again, unless the account is closed. */
  async end(accountId: string): Promise<void> {
    const { kept, news } = this.#parts;
    await kept.artifacts.removeMany({ accountId });
    await kept.halfway.removeMany({ account: accountId });
    await news.tell({ sub: accountId });
  }

  /** Sessions of a person's browsers. */
  async sessions(accountId: string): Promise<Session[]> {
    const found = await this.#parts.kept.artifacts.find({ query: { model: "Session", accountId }, limit: MAX_LISTED });
    return found.map(sessionOf);
  }

  /** @returns a link that sets a new password; the second factor is removed @throws 404 USER_NOT_FOUND */
  async resetPassword(user: string): Promise<PasswordLink> {
    const account = await this.#findOpen(user);
    const { kept } = this.#parts;
    await kept.links.removeMany({ account: account._id });
    await this.end(account._id);
    return this.#link(account._id, account.password === undefined && account.login === FIRST_LOGIN ? "first" : "reset");
  }

  /** The account of a password link; undefined if it was used, or has expired. */
  async ofLink(secret: string): Promise<StoredAccount | undefined> {
    const link = await this.#parts.kept.links.findOne({ _id: hashOf(secret), expiresAt: { $gt: Date.now() } });
    return link ? this.#forLink(link) : undefined;
  }

  /** Sets the password, once per link. @throws 422 PASSWORD_WEAK, 503 SIGN_IN_BUSY @returns false: the link is not valid any more */
  async setPassword(secret: string, password: string): Promise<boolean> {
    const { kept, passwords } = this.#parts;
    const account = await this.ofLink(secret);
    if (!account) return false;
    if (!isPassword(password, account.login)) throw passwordWeak();
    const hash = await passwords.hash(password);
    const link = await kept.links.findOne({ _id: hashOf(secret) });
    if (!link || (await kept.links.removeMany({ _id: link._id })) !== 1) return false;
    const query = { _id: account._id, closedAt: { $exists: false }, ...(link.kind === "first" && { password: { $exists: false } }) };
    const $unset = { totpSecret: true, totpStep: true } as const;
    if ((await this.#accounts.updateMany(query, { $set: { password: hash }, $unset })) !== 1) return false;
    await kept.links.removeMany({ account: account._id });
    await kept.recoveryCodes.removeMany({ account: account._id });
    await kept.devices.removeMany({ account: account._id });
    await this.end(account._id);
    return true;
  }

  /** Sets another password, and ends all sessions and tokens. @throws 422 PASSWORD_WEAK, 503 SIGN_IN_BUSY */
  async changePassword(account: StoredAccount, password: string): Promise<void> {
    if (!isPassword(password, account.login)) throw passwordWeak();
    const { kept, passwords } = this.#parts;
    const hash = await passwords.hash(password);
    await this.#accounts.updateMany({ _id: account._id, closedAt: { $exists: false } }, { $set: { password: hash } });
    await kept.links.removeMany({ account: account._id });
    await kept.devices.removeMany({ account: account._id });
    await this.end(account._id);
  }

  /**
   * While there is no administrator other than trial accounts: creates one, with a link that sets its password. Nodes that start at the same time
   * create one account. @returns undefined if there is an administrator
   */
  async first(): Promise<PasswordLink | undefined> {
    const isThere = await this.#accounts.findOne(ADMINISTRATES);
    if (isThere) return undefined;
    try {
      await this.#insert(newAccount({ login: FIRST_LOGIN, name: "Administrator", roles: ["administrator"] }));
    } catch (error) {
      if ((error as { type?: string }).type !== "LOGIN_TAKEN") throw error;
    }
    const account = await this.find(FIRST_LOGIN);
    return account.password === undefined ? this.#link(account._id, "first") : undefined;
  }

  get #accounts(): IdentityData["accounts"] {
    return this.#parts.kept.accounts;
  }

  async #insert(account: StoredAccount): Promise<void> {
    try {
      await this.#accounts.insert(account);
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
      const { login, practitioner = "" } = account;
      throw (await this.#accounts.findOne({ login })) ? loginTaken(login) : practitionerTaken(practitioner);
    }
  }

  async #close(account: StoredAccount): Promise<User> {
    const closedAt = account.closedAt ?? Date.now();
    await this.#accounts.updateMany(
      { _id: account._id },
      { $set: { closedAt, isAdministrator: false, version: nextOf(account) }, $unset: { practitioner: true } },
    );
    await this.#parts.kept.links.removeMany({ account: account._id });
    await this.end(account._id);
    return userOf({ ...account, closedAt, version: nextOf(account) });
  }

  /** Two administrators who remove each other's right at the same moment could both succeed; the next start then creates a first administrator. */
  async #requireAnother({ _id, isForTrying }: StoredAccount): Promise<void> {
    if (isForTrying) return;
    const others = await this.#accounts.count({ ...ADMINISTRATES, _id: { $ne: _id } });
    if (others === 0) throw lastAdministrator(_id);
  }

  async #forLink({ account, kind }: StoredLink): Promise<StoredAccount | undefined> {
    const found = await this.open(account);
    return found && !(kind === "first" && found.password !== undefined) ? found : undefined;
  }

  async #link(account: string, kind: StoredLink["kind"]): Promise<PasswordLink> {
    const secret = newSecret();
    const expiresAt = Date.now() + LINK_MS;
    await this.#parts.kept.links.insert({ _id: hashOf(secret), account, kind, expiresAt });
    return { link: `${this.#parts.origin ?? ""}/auth/password/${secret}`, validUntil: new Date(expiresAt).toISOString() };
  }
}

const nextOf = ({ version = 0 }: StoredAccount): number => version + 1;

const newAccount = (
  given: Pick<StoredAccount, "login" | "name" | "roles" | "practitioner" | "password" | "isForTrying">,
): StoredAccount => ({
  _id: randomUUID(),
  version: 1,
  ...given,
  roles: [...new Set(given.roles)],
  isAdministrator: given.roles.includes("administrator"),
  createdAt: Date.now(),
});

function sessionOf({ payload }: StoredArtifact): Session {
  const {
    uid = "",
    loginTs = 0,
    authorizations = {},
  } = JSON.parse(payload) as {
    uid?: string;
    loginTs?: number;
    authorizations?: Record<string, unknown>;
  };
  return { id: uid, since: new Date(loginTs * 1_000).toISOString(), clients: Object.keys(authorizations) };
}
