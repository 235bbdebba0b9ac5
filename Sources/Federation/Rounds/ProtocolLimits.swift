import Measures

/// The intervals, waiting times and amounts of the protocol.
package struct ProtocolLimits: Hashable, Sendable {
  /// The time between two announcements of the broker.
  package var announceInterval: Duration = .seconds(1)
  /// The time that the broker waits for all selected clients to ask before it broadcasts the model.
  package var gatherWindow: Duration = .seconds(2)
  /// The time for which the broker repeats that the run is over while clients are still there.
  package var farewell: Duration = .seconds(5)
  /// The update bytes that the broker lets be on their way or in memory at any time.
  package var bytesInFlight = 64 << 20
  /// The number of times that a round's model may be repaired for a client that gets no further.
  package var repairFactor = 16
  /// The largest payload of a chunk, in bytes.
  package var chunkBytes = 256 << 10
  /// The time that a client waits for a welcome before it asks again; up to twice that, at random.
  package var joinInterval: Duration = .seconds(1)
  /// The time that a client waits for the next chunk before it asks for missing ranges.
  package var fetchTimeout: Duration = .seconds(3)
  /// The time that a client waits for an answer to its offer before it offers again.
  package var offerTimeout: Duration = .seconds(3)
  /// The time between two heartbeats of a client that is busy with a round, and of a worker none
  /// of whose clients has anything else to say.
  package var heartbeatInterval: Duration = .seconds(10)
  /// A busy client that wasn't heard for so long at a round's end is lost, not late; people are
  /// told of a worker that wasn't heard for so long.
  package var silence: Duration = .seconds(30)
  /// A leave to send that brings less than a chunk in so long is taken back if others wait; nil for
  /// the limit of silence.
  package var lease: Duration?
  /// The most bytes that a client asks for again at once.
  package var repairWindow = 4 << 20
  /// The bounds of what a client takes for a step of the model; nil where no false broker is to be
  /// feared.
  package var stepBounds: StepBounds?

  /// The most missing ranges of one update or segment that are named at once.
  package static let rangesPerMessage = 1024

  /// The limits by default.
  package init() {}
}
