/** Limits the sign-ins that begin at a node: beginning one needs no password, and each is kept for a quarter of an hour. */

const MINUTE_MS = 60_000;
/** In a minute by all together, and by one address, behind which there may be a whole hospital. */
const [MAX, MAX_OF_ADDRESS] = [1_200, 600];
/** Beyond MAX, up to twice as many, sign-ins begin only where few have begun: an attacker at some addresses keeps nobody else out. */
const FEW = 20;
/** The address where the gateway cannot tell one client from another. */
const EVERYBODY = "*";

/** The sign-ins of the present minute. */
export class BegunSignIns {
  readonly #byAddress = new Map<string, number>(); // at most twice MAX
  #all = 0;
  #until = 0;

  /** Whether another may begin at this address; then it is counted. @param now milliseconds */
  mayBegin(address: string, now: number): boolean {
    if (this.#until <= now) {
      this.#byAddress.clear();
      this.#all = 0;
      this.#until = now + MINUTE_MS;
    }
    const begun = this.#byAddress.get(address) ?? 0;
    const most = this.#all >= MAX ? FEW : address === EVERYBODY ? MAX : MAX_OF_ADDRESS;
    if (begun >= most || this.#all >= 2 * MAX) return false;
    this.#byAddress.set(address, begun + 1);
    this.#all += 1;
    return true;
  }
}
