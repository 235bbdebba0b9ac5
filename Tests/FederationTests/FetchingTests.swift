import Bytes
import Codecs
import Federation
import Testing
import Wire

struct FetchingTests {
  private let block = BrokerBench.segments[0].only
  private let head = BrokerBench.segments[1].only

  private func fetching() -> Fetching {
    let announce = Announce(
      sequence: 1, state: .open, warmUp: false, remaining: 0, learningRate: 0.1, selected: [3],
      segments: BrokerBench.segments, updateCodec: .dense32)
    let task = ClientTask(round: 1, stage: 1, announce: announce, steps: [block, head])
    return Fetching(task, wake: .seconds(5))
  }

  @Test func `chunks complete the steps in any order`() {
    var fetching = fetching()
    #expect(fetching.subscribed == [block.digest, head.digest])
    #expect(fetching.receive(0..<30, of: head.digest.prefix) == .isNoted)
    #expect(fetching.has([head]) && !fetching.has([block, head]))
    #expect(fetching.receive(0..<30, of: head.digest.prefix) == .isUseless)
    #expect(fetching.receive(50..<100, of: block.digest.prefix) == .isNoted)
    #expect(!fetching.isComplete)
    #expect(fetching.receive(0..<50, of: block.digest.prefix) == .isNoted)
    #expect(fetching.isComplete)
  }

  @Test func `missing ranges are asked for within the window, and on when these are here`() {
    var fetching = fetching()
    _ = fetching.receive(10..<40, of: block.digest.prefix)
    let needs = fetching.ask(window: 50)
    #expect(needs == [Need(digest: block.digest, ranges: [0..<10, 40..<80])])
    #expect(fetching.receive(0..<10, of: block.digest.prefix) == .isNoted)
    #expect(fetching.receive(40..<80, of: block.digest.prefix) == .asksOn)
    #expect(
      fetching.ask(window: 50) == [
        Need(digest: block.digest, ranges: [80..<100]),
        Need(digest: head.digest, ranges: [0..<30]),
      ])
  }

  @Test func `a damaged step is needed anew`() {
    var fetching = fetching()
    _ = fetching.receive(0..<30, of: head.digest.prefix)
    #expect(fetching.lose(head.digest) == head)
    #expect(!fetching.has([head]))
    #expect(fetching.lose(Digest(of: [9])) == nil)
    var again = Fetching(again: fetching.task, wake: .zero)
    #expect(again.isComplete && again.subscribed.isEmpty)
    #expect(again.lose(head.digest) == head)
    #expect(again.ask(window: 100) == [Need(digest: head.digest, ranges: [0..<30])])
  }
}

struct HeldStatesTests {
  private let block = BrokerBench.segments[0]
  private let head = BrokerBench.segments[1]

  @Test func `a state that is held needs no steps`() {
    var held = HeldStates()
    #expect(held.steps(to: [block, head]) == [block.only, head.only])
    held.reach(block, by: [block.only])
    #expect(held.contains(block) && !held.contains(head))
    #expect(held.steps(to: [block, head]) == [head.only])
    #expect(held.steps(to: []) == nil, "nothing was announced")
    held.forget(block)
    #expect(held.steps(to: [block]) == [block.only])
  }

  @Test func `only states that are announced are kept`() {
    var held = HeldStates()
    held.reach(block, by: [block.only])
    held.reach(head, by: [head.only])
    #expect(held.keep([block, head]) == false)
    #expect(held.keep([head]) == true)
    #expect(held.segmentNames == [head.name])
    #expect(held.states == [head.state.prefix])
  }
}
