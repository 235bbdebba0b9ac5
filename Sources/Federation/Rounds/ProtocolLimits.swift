import Measures

/// How often the sides speak, how long they wait, and how much they take.
package struct ProtocolLimits: Hashable, Sendable {
  /// How often the broker repeats its announcement.
  package var announceInterval: Duration = .seconds(1)
  /// How long the broker waits for all selected clients to ask before it broadcasts the model.
  package var gatherWindow: Duration = .seconds(2)
  /// How long the broker repeats that the run is over while clients are still there.
  package var farewell: Duration = .seconds(5)
  /// The update bytes that the broker lets be on their way or in memory at any time.
  package var bytesInFlight = 64 << 20
  /// How often over a round's model may be repaired for one client.
  package var repairFactor = 16
  /// The largest payload of a chunk, in bytes.
  package var chunkBytes = 256 << 10
  /// How long a client waits for a welcome before it asks again; up to twice that, at random.
  package var joinInterval: Duration = .seconds(1)
  /// How long a client waits for the next chunk before it asks for what is missing.
  package var fetchTimeout: Duration = .seconds(3)
  /// How long a client waits for an answer to its offer before it offers again.
  package var offerTimeout: Duration = .seconds(3)
  /// How often a client that is busy with a round says so.
  package var heartbeatInterval: Duration = .seconds(10)
  /// A busy client that wasn't heard for so long at a round's end is lost, not late.
  package var silence: Duration = .seconds(30)
  /// How many bytes a client asks for again at once.
  package var repairWindow = 4 << 20

  /// How many missing ranges of one update or segment are named at once.
  package static let rangesPerMessage = 1024

  /// The limits by default.
  package init() {}
}
