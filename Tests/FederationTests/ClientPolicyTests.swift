import Codecs
import Bytes
import Federation
import Testing
import Wire

/// A client whose update may count late, whose memory is small, or whose model comes in pieces.
@Suite struct ClientPolicyTests {
  private func announcement(
    _ round: Int, selected: [Int] = [3], segments: [Segment] = ClientBench.segments,
    heads: [Segment] = [], stage: Int = 1
  ) -> ClientEvent {
    .message(
      Message(
        Header(run: ClientBench.run, epoch: 1, round: round, stage: stage),
        .announce(
          Announce(
            sequence: 1, state: .open, warmUp: false, remaining: 1000, learningRate: 0.1,
            selected: selected, segments: segments, updateCodec: .dense32, shallowHeads: heads))))
  }

  private let other = [
    Segment.keyframe("block1", 8, length: 10), Segment.keyframe("head1", 9, length: 10),
  ]

  /// A client that was welcomed where updates may come a round late.
  private func member() -> ClientBench {
    var bench = ClientBench()
    var welcome = ClientBench.welcome
    welcome.staleRounds = 1
    bench.hear(.welcome(welcome), round: 0)
    return bench
  }

  private func training() -> ClientBench {
    var bench = member()
    bench.handle(announcement(1))
    bench.receiveModel()
    return bench
  }

  @Test func `where late updates count, the round's end doesn't end its work`() {
    var bench = training()
    #expect(bench.hear(.closed(accepted: 1), client: nil).isEmpty)
    bench.handle(announcement(2, selected: [5], segments: other))
    #expect(bench.machine.task?.round == 1)
    let offered = bench.handle(.trained(round: 1, BrokerBench.offer()))
    guard case .send(let message)? = offered.first else {
      Issue.record("\(offered)")
      return
    }
    #expect(message.header.round == 1)
    #expect(bench.hear(.acknowledge(.accepted)) == [.settled(round: 1, accepted: true)])
  }

  @Test func `an update that is too late to count is dropped`() {
    var bench = training()
    bench.handle(announcement(2, selected: [5], segments: other))
    let actions = bench.handle(announcement(3, selected: [5], segments: other))
    #expect(actions.contains(.settled(round: 1, accepted: false)))
    #expect(bench.machine.task == nil)
  }

  @Test func `who is asked anew drops what it was late with`() {
    var bench = training()
    let actions = bench.handle(announcement(2, segments: other))
    #expect(actions.contains(.settled(round: 1, accepted: false)))
    #expect(bench.machine.task?.round == 2)
  }

  @Test func `who hasn't the model yet when its round ends says that it gives up`() {
    var bench = member()
    bench.handle(announcement(1))
    let actions = bench.hear(.closed(accepted: 1), client: nil)
    #expect(
      actions.sent == [.decline(.failed, detail: "the round ended before the model was here")])
    #expect(bench.machine.task == nil)
  }

  @Test func `a client of little memory trains the sub-model that it has room for`() {
    let deep = [
      ClientBench.segments[0],
      Segment.keyframe("block2", 7, length: 50),
      Segment.keyframe("head2", 6, length: 5),
    ]
    var bench = ClientBench.member(maximalStage: 1)
    let actions = bench.handle(
      announcement(1, segments: deep, heads: [ClientBench.segments[1]], stage: 2))
    #expect(actions.sent == [.want(worker: 40, needs: ClientBench.needs)])
    let trains = bench.receiveModel().trains
    #expect(trains?.stage == 1)
    #expect(trains?.segments == ClientBench.segments)
    // The same announcement again changes nothing.
    #expect(
      bench.handle(
        announcement(1, segments: deep, heads: [ClientBench.segments[1]], stage: 2)
      ).isEmpty)
  }

  @Test func `what is missing is asked for window by window, without a pause between them`() {
    var limits = ProtocolLimits()
    limits.repairWindow = 40
    var bench = ClientBench(limits: limits)
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    bench.announce(1)
    let block = ClientBench.segments[0]
    _ = bench.wake()
    let now = bench.now
    bench.chunk(block, 0..<20)
    let next = bench.chunk(block, 20..<40)
    #expect(
      next.sent == [.want(worker: 40, needs: [Need(digest: block.only.digest, ranges: [40..<80])])])
    #expect(bench.now == now)
  }

  @Test func `during a long fetch it says that it is alive`() {
    var bench = ClientBench.member()
    bench.announce(1)
    var said: [Uplink] = []
    for index in 0..<25 {
      bench.now += .seconds(1)
      said += bench.chunk(ClientBench.segments[0], index..<index + 1).sent
    }
    #expect(said == [.heartbeat(.fetching), .heartbeat(.fetching)])
  }

  @Test func `chunks are as long as the broker says`() {
    var limits = ProtocolLimits()
    limits.chunkBytes = 1 << 20
    var bench = ClientBench(limits: limits)
    bench.hear(.welcome(ClientBench.welcome), round: 0)
    #expect(bench.machine.limits.chunkBytes == 50)
  }
}
