import Codecs
import Federation
import Measures
import Testing
import Wire

/// Sums over a client's samples before the first round, as its machine tells them.
struct ClientMeasuringTests {
  private static let sums = SampleSums(samples: 3, values: 12, sums: [6], squares: [4])
  private static let made = FederatedNormalization(means: [0.5], deviations: [0.25])

  private static func member() -> ClientBench {
    var bench = ClientBench(measuredChannels: 1)
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    return bench
  }

  private static func announce(
    _ bench: inout ClientBench, selected: [Int] = [3], epoch: Int = 1
  ) -> [ClientAction] {
    let announce = Announce(
      sequence: 2, state: .measuring, warmUp: false, remaining: 1000, learningRate: 0,
      selected: selected, segments: [], updateCodec: .dense32)
    return bench.handle(
      .message(Message(Header(run: ClientBench.run, epoch: epoch), .announce(announce))))
  }

  private static func welcome(_ normalization: FederatedNormalization?) -> Downlink {
    var welcome = ClientBench.welcome
    welcome.normalization = normalization
    return .welcome(welcome)
  }

  @Test func `a client that is asked adds its samples up, and tells the sums until it is heard`() {
    var bench = Self.member()
    #expect(Self.announce(&bench) == [.measure])
    #expect(Self.announce(&bench).isEmpty, "it is at it already")
    #expect(bench.wake()?.sent == [.heartbeat(.idle)])
    #expect(bench.handle(.measured(Self.sums)).sent == [.sums(Self.sums)])
    for _ in 0..<3 { #expect(bench.wake()?.sent == [.sums(Self.sums)]) }
    bench.hear(.noted(.sums), round: 0)
    #expect(bench.machine.wakeTime == nil)
    #expect(Self.announce(&bench, selected: [1]).isEmpty)
  }

  @Test func `a client that isn't asked, or knows the normalization by its plan, adds nothing up`()
  {
    var bench = Self.member()
    #expect(Self.announce(&bench, selected: [1, 2]).isEmpty)
    var other = ClientBench.member()
    #expect(Self.announce(&other).isEmpty)
  }

  @Test func `it neither trains nor evaluates before it knows the normalization`() {
    var bench = Self.member()
    #expect(bench.announce(1).sent.count == 1)
    guard case .join? = bench.announce(1).sent.first else {
      Issue.record("it doesn't ask for the welcome that says it")
      return
    }
    #expect(bench.machine.task == nil)
    #expect(bench.hear(Self.welcome(Self.made), round: 0) == [.normalize(Self.made)])
    #expect(bench.hear(Self.welcome(Self.made), round: 0).isEmpty, "it is known")
    bench.announce(1)
    #expect(bench.receiveModel().trains?.round == 1)
  }

  @Test func `a welcome that brings the normalization ends the measuring`() {
    var bench = Self.member()
    _ = Self.announce(&bench)
    bench.handle(.measured(Self.sums))
    #expect(bench.hear(Self.welcome(Self.made), round: 0) == [.normalize(Self.made)])
    #expect(bench.machine.wakeTime == nil)
    #expect(bench.machine.measuring.normalization == Self.made)
  }

  @Test func `a normalization of other channels is none`() {
    var bench = Self.member()
    let wide = FederatedNormalization(means: [0, 0], deviations: [1, 1])
    #expect(bench.hear(Self.welcome(wide), round: 0).isEmpty)
    var other = ClientBench.member()
    #expect(other.hear(Self.welcome(Self.made), round: 0).isEmpty)
  }

  @Test func `it tells its sums to a restarted broker, and forgets them with the run`() {
    var bench = Self.member()
    _ = Self.announce(&bench)
    bench.handle(.measured(Self.sums))
    _ = Self.announce(&bench, epoch: 2)
    #expect(bench.machine.membership == nil)
    let welcomed = bench.hear(Self.welcome(nil), round: 0, epoch: 2)
    #expect(welcomed.isEmpty)
    #expect(bench.wake()?.sent == [.sums(Self.sums)])
    bench.hear(Self.welcome(Self.made), round: 0, epoch: 2)
    #expect(bench.machine.measuring.normalization == Self.made)
    var announce = Announce(
      sequence: 1, state: .waiting, warmUp: false, remaining: 0, learningRate: 0, selected: [],
      segments: [], updateCodec: .dense32)
    announce.sequence = 9
    bench.hear(.announce(announce), client: nil, run: 78)
    bench.hear(Self.welcome(nil), round: 0, run: 78)
    #expect(bench.machine.measuring.normalization == nil)
  }

  @Test func `a client without samples declines, also when that turns out while it adds`() {
    var bench = Self.member()
    bench.handle(.has(.unusable(.badData, detail: "broken")))
    #expect(Self.announce(&bench).sent == [.decline(.badData, detail: "broken")])
    var other = Self.member()
    _ = Self.announce(&other)
    #expect(
      other.handle(.unmeasured(.noData, detail: "none")).sent
        == [.decline(.noData, detail: "none")])
    #expect(other.machine.wakeTime == nil)
  }

  @Test func `sums that are refused aren't told again`() {
    var bench = Self.member()
    _ = Self.announce(&bench)
    bench.handle(.measured(Self.sums))
    let actions = bench.hear(.refuse(.malformed, retry: nil, detail: "no"), round: 0)
    #expect(actions == [.refused(round: 0, .malformed, detail: "no")])
    #expect(bench.machine.wakeTime == nil)
  }

  @Test func `an open round ends a measuring that the broker goes on without`() {
    var bench = Self.member()
    _ = Self.announce(&bench)
    bench.announce(1)
    #expect(bench.handle(.measured(Self.sums)).isEmpty)
    #expect(bench.machine.wakeTime == nil)
  }
}
