import Codecs
import Federation
import Wire
import ZeroMQ

/// What reaches a worker's loop from other threads.
enum WorkerEvent: Sendable {
  /// A client's training ended with this update, which leaves out what the residual says.
  case trained(client: Int, round: Int, Offer, SharedBuffer, Residual?)
  /// A client's training ended without an update.
  case failed(client: Int, round: Int, DeclineReason, detail: String)
  /// The worker is to stop.
  case stop
}
