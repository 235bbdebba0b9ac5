import Links
import Measures

/// A client's own link, with what waits at both of its ends.
struct AccessLine {
  /// The link.
  var link: DuplexLink
  /// The place of the bottleneck that the client shares with neighbours; nil where there is none.
  let bottleneck: Int?
  /// The number of chunks that may be on their way to the client at once, so that its link is never
  /// idle.
  let window: Int

  /// Messages that wait at the client for a connection or for a place in the link.
  var outgoing = MessageQueue()
  /// Chunks that wait in the broker's queue for this client.
  var incoming = MessageQueue()
  /// The number of chunks that are on their way to the client.
  var inFlight = 0
  /// The factor by which faults multiply the link's rates.
  private var rateFactor = 1.0

  /// The line of a client whose chunks have at most `chunk` bytes.
  init(_ member: VirtualFleet.Member, chunk: Int, run: RandomStream) {
    link = DuplexLink(member.link, client: member.client, run: run)
    bottleneck = member.bottleneck
    window = Self.window(member.link.down.profile, chunk: chunk)
  }

  /// The time of a round trip of nothing over the link.
  var roundTrip: Duration { link.down.model.profile.delay + link.up.model.profile.delay }

  /// Multiplies the rates of the link, on top of what was asked for before.
  mutating func scaleRate(by factor: Double, at time: Duration) {
    rateFactor *= factor
    link.scaleRate(by: max(1e-9, min(1e9, rateFactor)), at: time)
  }

  /// A new connection begins: what was under way on the last one is gone.
  mutating func beginConnection() {
    incoming.removeAll()
    inFlight = 0
  }

  /// The next chunk that may go, if a place on the way is free; it counts as under way.
  mutating func nextChunk() -> SimulatedMessage? {
    guard inFlight < window, let message = incoming.first else { return nil }
    incoming.removeFirst()
    inFlight += 1
    return message
  }

  /// The number of chunks that must be on their way so that a link of this profile is never idle.
  private static func window(_ profile: LinkProfile, chunk: Int) -> Int {
    let delay = profile.delay + profile.jitter
    let bytes = profile.sustainedRate.bitsPerSecond / 8 * delay.seconds
    return 2 + Int(min(1e6, (bytes / Double(chunk)).rounded(.up)))
  }
}
