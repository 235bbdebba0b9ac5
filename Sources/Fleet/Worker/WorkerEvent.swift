import Federation
import Wire
import ZeroMQ

/// What reaches a worker's loop from other threads.
enum WorkerEvent: Sendable {
  /// A client's training ended with this update, and with what the client remembers if it counts.
  case trained(client: Int, round: Int, Offer, SharedBuffer, ClientMemory?)
  /// A client's training ended without an update.
  case failed(client: Int, round: Int, DeclineReason, detail: String)
  /// The worker is to stop.
  case stop
}
