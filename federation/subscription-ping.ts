/** Between the service that keeps Subscriptions and the gateways, whose clients have bound websockets to them. */

/** Moleculer's event for all gateways, each time that a Subscription whose channel is websocket has a match: at most once. */
export const SUBSCRIPTION_PING = "fhir.subscription.ping";

/** Its payload. */
export interface SubscriptionPing {
  /** Id of the Subscription. */
  subscription: string;
}
