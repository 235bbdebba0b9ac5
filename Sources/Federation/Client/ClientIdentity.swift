package import Bytes

/// Who a client is, as it tells the broker.
package struct ClientIdentity: Hashable, Sendable {
  /// The client's number, from 0.
  package var client: Int
  /// Random, one per worker process.
  package var worker: UInt64
  /// The digest of what both sides must agree on.
  package var plan: Digest
  /// The deepest stage that its memory allows; nil for no limit.
  package var maximalStage: Int?
  /// One more after each restart of its worker, from 0.
  package var attempt: Int

  /// An identity of the given parts.
  package init(
    client: Int, worker: UInt64, plan: Digest, maximalStage: Int? = nil,
    attempt: Int = 0
  ) {
    self.client = client
    self.worker = worker
    self.plan = plan
    self.maximalStage = maximalStage
    self.attempt = attempt
  }
}
