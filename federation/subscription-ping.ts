/** Between the service that stores Subscriptions and the gateways, whose clients have bound websockets to them. */

/** Moleculer event for all gateways, emitted whenever a Subscription with channel websocket has a match: at most once. */
export const SUBSCRIPTION_PING = "fhir.subscription.ping";

/** Payload of the event. */
export interface SubscriptionPing {
  /** Id of the Subscription. */
  subscription: string;
}
