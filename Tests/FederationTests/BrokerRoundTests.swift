import Codecs
import Bytes
import Federation
import Measures
import Progressive
import Testing
import Wire

@Suite struct BrokerRoundTests {
  @Test func `an open round is announced with all that clients need`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 2))
    bench.join(0)
    bench.join(1)
    let actions = bench.prepare(1)
    #expect(actions.contains(.notice(.opened(round: 1, stage: 1, selected: 2))))
    #expect(
      actions.published == [
        .announce(
          Announce(
            sequence: 2, state: .open, warmUp: false, remaining: 120_000, learningRate: 0.1,
            selected: [0, 1], segments: BrokerBench.segments, updateCodec: .dense32))
      ])
  }

  @Test func `announcements count up, tell the time left, and leave out who is settled`() {
    var bench = BrokerBench.open(clients: 2)
    bench.upload(0)
    guard case .announce(let announce)? = bench.pass(.seconds(20)).published.first else {
      Issue.record("no announcement")
      return
    }
    #expect(announce.sequence == 3)
    #expect(announce.remaining == 100_000)
    #expect(announce.selected == [1])
  }

  @Test func `the model is broadcast once, when all have asked and their sockets listen`() {
    var bench = BrokerBench.open(clients: 2)
    for segment in BrokerBench.segments { bench.handle(.subscribed(.step(segment.only.digest))) }
    #expect(bench.say(0, BrokerBench.wants()).broadcasts.isEmpty)
    let broadcasts = bench.say(1, BrokerBench.wants()).broadcasts
    #expect(broadcasts.map(\.step) == BrokerBench.segments.map(\.only))
    #expect(broadcasts.map(\.clients) == [[0, 1], [0, 1]])
    #expect(bench.pass(.seconds(3)).broadcasts.isEmpty)
  }

  @Test func `the broadcast waits for the subscription of each worker that asked`() {
    var bench = BrokerBench.open(clients: 2)
    let digest = BrokerBench.segments[0].only.digest
    for client in 0..<2 {
      #expect(
        bench.say(client, .want(worker: UInt64(client), needs: [Need(digest: digest)]))
          .broadcasts.isEmpty)
    }
    #expect(bench.handle(.subscribed(.step(digest))).broadcasts.isEmpty)
    #expect(bench.handle(.subscribed(.step(digest))).broadcasts.count == 1)
  }

  @Test func `the broadcast doesn't wait longer than the gather window`() {
    var bench = BrokerBench.open(clients: 2)
    bench.say(0, BrokerBench.wants())
    #expect(bench.machine.wakeTime == .seconds(1))
    #expect(bench.pass(.milliseconds(1999)).broadcasts.isEmpty)
    #expect(bench.machine.wakeTime == .seconds(2))
    #expect(bench.pass(.milliseconds(1)).broadcasts.map(\.clients) == [[0], [0]])
  }

  @Test func `only segments that somebody lacks are broadcast`() {
    var bench = BrokerBench.open(clients: 1)
    let head = BrokerBench.segments[1]
    bench.handle(.subscribed(.step(head.only.digest)))
    let actions = bench.say(0, .want(worker: 1, needs: [Need(digest: head.only.digest)]))
    #expect(actions.broadcasts == [Broadcast(step: head.only, clients: [0])])
  }

  @Test func `after the broadcast, what is lacking goes to the client alone`() {
    var bench = BrokerBench.open(clients: 2)
    bench.pass(.seconds(2))
    let segment = BrokerBench.segments[0]
    let whole = bench.say(1, .want(worker: 1, needs: [Need(digest: segment.only.digest)]))
    #expect(whole.contains(.repair(round: 1, client: 1, segment.only, ranges: [0..<100])))
    let parts = [10..<20, 90..<100]
    let some = bench.say(
      1, .want(worker: 1, needs: [Need(digest: segment.only.digest, ranges: parts)]))
    #expect(some.contains(.repair(round: 1, client: 1, segment.only, ranges: parts)))
  }

  @Test func `absurd needs are counted and not served`() {
    var limits = ProtocolLimits()
    limits.repairFactor = 2
    var bench = BrokerBench.open(clients: 1, limits: limits)
    bench.pass(.seconds(2))
    let digest = BrokerBench.segments[0].only.digest
    let unknown = bench.say(0, .want(worker: 1, needs: [Need(digest: Digest(of: [9]))]))
    #expect(unknown.counts == ["want of an unknown step"])
    let beyond = bench.say(0, .want(worker: 1, needs: [Need(digest: digest, ranges: [0..<101])]))
    #expect(beyond.counts == ["want beyond a step"])
    // Twice the model's 130 bytes: two whole segments of 100, not three.
    var repairs = 0
    for _ in 0..<5 {
      let actions = bench.say(0, .want(worker: 1, needs: [Need(digest: digest)]))
      repairs += actions.count { if case .repair = $0 { true } else { false } }
    }
    #expect(repairs == 2)
  }

  @Test func `a round whose clients are all settled ends at once, with each one's outcome`() {
    var bench = BrokerBench.open(clients: 4)
    bench.now = .seconds(7)
    bench.upload(2, length: 33)
    bench.say(0, .decline(.diverged, detail: "no step"))
    bench.say(1, .offer(BrokerBench.offer(1001)))
    let actions = bench.upload(3)
    #expect(
      actions.result
        == RoundResult(
          round: 1, opened: .zero, closed: .seconds(7),
          outcomes: [
            (0, .declined(.diverged)), (1, .refused(.tooLarge)),
            (2, .accepted(BrokerBench.submission(BrokerBench.offer(33)))),
            (3, .accepted(BrokerBench.submission())),
          ], duplicates: 0))
    #expect(actions.result?.accepted.map(\.client) == [2, 3])
    #expect(actions.published.contains(.closed(accepted: 2)))
    #expect(actions.contains(.prepare(round: 2)))
    #expect(bench.machine.openRound == nil)
  }

  @Test func `a quorum ends the round when the grace is over, without any message`() {
    let rules = RoundRules(clientsPerRound: 3, quorum: 2, grace: .seconds(5))
    var bench = BrokerBench.open(clients: 3, rules: rules)
    bench.upload(0)
    bench.say(1, BrokerBench.wants())
    bench.now = .seconds(10)
    #expect(bench.upload(2).result == nil)
    for second in 11...14 {
      bench.now = .seconds(second)
      #expect(bench.handle(.tick).result == nil)
      #expect(bench.machine.wakeTime == .seconds(second + 1))
    }
    bench.say(1, .heartbeat(.training))
    bench.now = .seconds(15)
    let result = bench.handle(.tick).result
    #expect(result?.accepted.map(\.client) == [0, 2])
    #expect(result?.outcomes[1].outcome == .late)
  }

  @Test func `a grace that is a share goes by the time of the quorum's last update`() {
    let rules = RoundRules(clientsPerRound: 4, quorum: 2, grace: .share(0.5))
    var bench = BrokerBench.open(clients: 4, rules: rules)
    for client in [1, 3] { bench.say(client, BrokerBench.wants()) }
    bench.now = .seconds(2)
    bench.upload(0)
    bench.now = .seconds(8)
    #expect(bench.upload(2).result == nil)
    // A later update doesn't put the end off: it is 8 s and half of them.
    bench.now = .seconds(11)
    #expect(bench.upload(3).result == nil)
    #expect(bench.pass(.milliseconds(999)).result == nil)
    #expect(bench.machine.wakeTime == .seconds(12))
    let result = bench.pass(.milliseconds(1)).result
    #expect(result?.closed == .seconds(12) && result?.accepted.map(\.client) == [0, 2, 3])
  }

  @Test func `the next round's share goes by its own quorum`() {
    let rules = RoundRules(clientsPerRound: 3, quorum: 2, grace: .share(1))
    var bench = BrokerBench.open(clients: 3, rounds: [3], rules: rules)
    bench.now = .seconds(20)
    for client in 0..<2 { bench.upload(client) }
    #expect(bench.pass(.seconds(20)).result?.closed == .seconds(40))
    bench.prepare(2)
    bench.now = .seconds(43)
    for client in 0..<2 { bench.upload(client, round: 2) }
    #expect(bench.handle(.tick).result == nil)
    #expect(bench.pass(.seconds(3)).result?.closed == .seconds(46))
  }

  @Test func `a restarted broker that finds the quorum stored gives the others five seconds`() {
    let plan = BrokerBench.plan(
      clients: 3, rules: RoundRules(clientsPerRound: 3, quorum: 2, grace: .share(0.5)), epoch: 2)
    var bench = BrokerBench(plan: plan)
    bench.machine = BrokerMachine(
      plan: plan, round: 1, stored: [0: BrokerBench.submission(), 1: BrokerBench.submission()])
    for client in 0..<3 { bench.join(client) }
    #expect(bench.prepare(1).result == nil)
    #expect(bench.pass(.milliseconds(4999)).result == nil)
    #expect(bench.pass(.milliseconds(1)).result?.accepted.map(\.client) == [0, 1])
  }

  @Test func `the last update within the grace ends the round`() {
    let rules = RoundRules(clientsPerRound: 2, quorum: 1, grace: .seconds(50))
    var bench = BrokerBench.open(clients: 2, rules: rules)
    #expect(bench.upload(0).result == nil)
    #expect(bench.upload(1).result?.accepted.count == 2)
  }

  @Test func `the deadline ends the round though nobody was ever heard`() {
    let rules = RoundRules(clientsPerRound: 2, deadline: .seconds(60))
    var bench = BrokerBench.open(clients: 2, rules: rules)
    bench.handle(.unsubscribed(.client(0)))
    bench.handle(.unsubscribed(.client(1)))
    #expect(bench.pass(.milliseconds(59_999)).result == nil)
    #expect(bench.machine.wakeTime == .seconds(60))
    let result = bench.pass(.milliseconds(1)).result
    #expect(result?.closed == .seconds(60))
    #expect(result?.outcomes.map(\.outcome) == [.lost, .lost])
  }

  @Test func `who was busy and heard lately is late, the others are lost`() {
    let rules = RoundRules(clientsPerRound: 4, deadline: .seconds(60))
    var bench = BrokerBench.open(clients: 4, rules: rules)
    for client in 0..<3 { bench.say(client, BrokerBench.wants()) }
    bench.now = .seconds(31)
    bench.say(0, .heartbeat(.training))
    bench.say(2, .heartbeat(.training))
    bench.handle(.unsubscribed(.client(2)))
    bench.now = .seconds(60)
    let outcomes = bench.handle(.tick).result?.outcomes.map(\.outcome)
    #expect(outcomes == [.late, .lost, .lost, .lost])
  }

  @Test func `when all vanish the run waits and says so, and goes on when one is back`() {
    let rules = RoundRules(clientsPerRound: 1, deadline: .seconds(60))
    var bench = BrokerBench.open(clients: 1, rounds: [3], rules: rules)
    bench.handle(.unsubscribed(.client(0)))
    #expect(bench.pass(.seconds(60)).contains(.prepare(round: 2)))
    bench.prepare(2)
    for _ in 0..<100 {
      let actions = bench.pass(.seconds(1))
      #expect(actions.shortage?.able == 0 && actions.shortage?.needed == 1)
      #expect(bench.machine.openRound == nil)
    }
    bench.handle(.subscribed(.client(0)))
    #expect(bench.machine.openRound == 2)
  }

  @Test func `who comes back into an open round is told of it at once`() {
    var bench = BrokerBench.open(clients: 2)
    bench.handle(.unsubscribed(.client(0)))
    let mail = bench.join(0).mail(to: 0)
    #expect(mail.count == 2)
    guard case .welcome? = mail.first, case .announce(let announce)? = mail.last else {
      Issue.record("\(mail)")
      return
    }
    #expect(announce.state == .open)
  }

  @Test func `the run ends when its last round is safe, not before`() {
    var bench = BrokerBench.open(clients: 1, rounds: [1])
    let actions = bench.upload(0)
    #expect(actions.contains(.prepare(round: 2)))
    #expect(!actions.published.contains(.finished(complete: true)))
    #expect(bench.pass(.seconds(100)).published.count == 1, "it says that it is closing")
    #expect(bench.prepare(2).published == [.finished(complete: true)])
  }

  @Test func `after the last round clients are told until they are gone`() {
    var bench = BrokerBench.open(clients: 1, rounds: [1])
    bench.upload(0)
    bench.prepare(2)
    for _ in 0..<3 {
      #expect(bench.pass(.seconds(1)).published == [.finished(complete: true)])
    }
    #expect(bench.handle(.unsubscribed(.client(0))).last == .finished(complete: true))
    #expect(bench.machine.wakeTime == nil)
    #expect(bench.pass(.seconds(100)).isEmpty)
  }

  @Test func `the farewell ends though a client stays`() {
    var bench = BrokerBench.open(clients: 1, rounds: [1])
    bench.upload(0)
    bench.prepare(2)
    #expect(bench.pass(.milliseconds(4999)).last != .finished(complete: true))
    #expect(bench.machine.wakeTime == .seconds(5))
    #expect(bench.pass(.milliseconds(1)) == [.finished(complete: true)])
  }

  @Test func `a stopped broker says that it may come back`() {
    var bench = BrokerBench.open(clients: 1)
    #expect(bench.handle(.stop).published == [.finished(complete: false)])
    #expect(bench.upload(0).result == nil)
    #expect(bench.handle(.unsubscribed(.client(0))).last == .finished(complete: false))
  }

  @Test func `a restarted broker counts what was stored, and asks the others alone`() {
    let plan = BrokerBench.plan(clients: 3, epoch: 2)
    var bench = BrokerBench(plan: plan)
    bench.machine = BrokerMachine(
      plan: plan, round: 2, stored: [1: BrokerBench.submission(BrokerBench.offer(20), round: 2)])
    for client in [0, 2] { bench.join(client) }
    #expect(bench.pass(.seconds(30)).contains(.prepare(round: 2)))
    guard case .announce(let announce)? = bench.prepare(2).published.last else {
      Issue.record("no announcement")
      return
    }
    #expect(announce.selected == [0, 2])
    bench.join(1)
    let again = bench.say(1, .offer(BrokerBench.offer(20)), round: 2, epoch: 2)
    #expect(again.mail(to: 1) == [.acknowledge(.duplicate)])
    bench.say(0, .decline(.noData, detail: ""), round: 2, epoch: 2)
    let end = bench.say(2, .decline(.noData, detail: ""), round: 2, epoch: 2)
    #expect(end.result?.accepted.map(\.client) == [1])
  }

  @Test func `a restarted broker with nothing left to do says so and ends`() {
    let plan = BrokerBench.plan(clients: 2, epoch: 2)
    var bench = BrokerBench(plan: plan)
    bench.machine = BrokerMachine(plan: plan, round: 3)
    bench.join(0)
    #expect(bench.pass(.seconds(30)).published == [.finished(complete: true)])
    #expect(bench.pass(.seconds(5)).last == .finished(complete: true))
    var empty = BrokerBench(plan: plan)
    empty.machine = BrokerMachine(plan: plan, round: 3)
    empty.pass(.seconds(30))
    #expect(empty.pass(.seconds(1)).last == .finished(complete: true))
  }

  @Test func `a restarted broker whose round was complete closes it again at once`() {
    let plan = BrokerBench.plan(clients: 2, epoch: 2)
    var bench = BrokerBench(plan: plan)
    bench.machine = BrokerMachine(
      plan: plan, round: 1, stored: [0: BrokerBench.submission(), 1: BrokerBench.submission()])
    bench.join(0)
    bench.join(1)
    #expect(bench.prepare(1).result?.accepted.map(\.client) == [0, 1])
  }

  @Test(arguments: [true, false])
  func `who joins after a restart hears that its update counts, also when the round is over`(
    confirms: Bool
  ) {
    var plan = BrokerBench.plan(
      clients: 2, rules: RoundRules(clientsPerRound: 1, joinTimeout: .seconds(1)), epoch: 2)
    plan.confirmsUpdates = confirms
    var bench = BrokerBench(plan: plan)
    bench.machine = BrokerMachine(
      plan: plan, round: 1, stored: [1: BrokerBench.submission(BrokerBench.offer(of: 1))])
    bench.join(0)
    bench.pass(.seconds(2))
    #expect(bench.prepare(1).result?.accepted.map(\.client) == [1])
    let mail = bench.join(1).compactMap { action -> (round: Int, body: Downlink)? in
      guard case .send(.client(1), let message) = action else { return nil }
      return (message.header.round, message.body)
    }
    let confirmation = mail.dropFirst()
    #expect(confirmation.map(\.body) == (confirms ? [.acknowledge(.duplicate)] : []))
    #expect(confirmation.allSatisfy { $0.round == 1 })
  }
}
