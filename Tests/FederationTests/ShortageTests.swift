import Federation
import Progressive
import Testing
import Wire

/// Rounds that can't begin for want of clients: who is waited for, how long, and when there is no
/// sense in it.
@Suite struct ShortageTests {
  private let rules = RoundRules(
    clientsPerRound: 4, minimumClients: 3, joinTimeout: .seconds(30), patience: .seconds(100))

  /// A bench on which round 1 is over, and two of four clients are gone.
  private func bench() -> BrokerBench {
    var bench = BrokerBench.open(clients: 4, rounds: [5], rules: rules)
    for client in 0..<4 { bench.upload(client) }
    bench.handle(.unsubscribed(.client(1)))
    bench.handle(.unsubscribed(.client(3)))
    bench.now = .seconds(50)
    bench.prepare(2)
    return bench
  }

  @Test func `people are told how many are there, and who isn't`() {
    var bench = bench()
    let shortage = bench.pass(.seconds(1)).shortage
    #expect(
      shortage == Shortage(able: 2, needed: 3, missing: [1, 3], patience: .seconds(100)))
    #expect(shortage?.names == "not here: 1, 3")
  }

  @Test func `many clients are told as ranges, and their number beyond some`() {
    let few = Shortage(
      able: 0, needed: 1, missing: [0, 1, 2, 5, 7, 8], unable: [4], patience: .zero)
    #expect(few.names == "not here: 0-2, 5, 7-8; without samples or memory for the stage: 4")
    let many = Shortage(
      able: 0, needed: 1, missing: Array(stride(from: 0, to: 60, by: 2)), patience: .zero)
    #expect(many.names.hasSuffix("20, 22 and 18 more"))
  }

  @Test func `a round is waited for as long as the rules say, and then the run ends`() throws {
    var bench = bench()
    for _ in 0..<99 {
      let actions = bench.pass(.seconds(1))
      #expect(actions.shortage?.able == 2 && actions.surrender == nil)
    }
    #expect(bench.machine.wakeTime == .seconds(150))
    let actions = bench.pass(.seconds(1))
    let surrender = try #require(actions.surrender)
    #expect(surrender.isOverdue && surrender.shortage.able == 2 && surrender.shortage.needed == 3)
    #expect(
      actions.published == [.finished(complete: false)], "clients are told that it may come back")
    #expect(bench.pass(.seconds(5)).last == .finished(complete: false))
  }

  @Test func `each round is waited for anew`() {
    var bench = bench()
    bench.pass(.seconds(90))
    bench.handle(.subscribed(.client(1)))
    #expect(bench.machine.openRound == 2)
    for client in 0..<3 { bench.upload(client, round: 2) }
    bench.handle(.unsubscribed(.client(1)))
    bench.prepare(3)
    #expect(bench.pass(.seconds(99)).surrender == nil)
    #expect(bench.pass(.seconds(1)).surrender != nil)
  }

  @Test func `a fleet that never comes is waited for as long`() {
    var bench = BrokerBench(plan: BrokerBench.plan(clients: 4, rules: rules))
    bench.join(2)
    for second in 1..<100 {
      bench.now = .seconds(second)
      let actions = bench.handle(.tick)
      #expect(actions.surrender == nil)
      #expect(actions.shortage?.needed == (second < 30 ? 4 : 3))
    }
    bench.now = .seconds(100)
    #expect(bench.handle(.tick).surrender?.isOverdue == true)
  }

  @Test func `where it is known that too few can come there is no waiting`() throws {
    var bench = bench()
    #expect(bench.handle(.limited(to: 3)).surrender == nil)
    let surrender = try #require(bench.handle(.limited(to: 2)).surrender)
    #expect(surrender.shortage.able == 2 && surrender.shortage.needed == 3 && !surrender.isOverdue)
  }

  @Test func `an open round goes on, however few may come`() {
    var bench = BrokerBench.open(clients: 4, rules: rules)
    #expect(bench.handle(.limited(to: 0)).surrender == nil)
    #expect(bench.machine.openRound == 1)
  }

  @Test func `a stage for which too few have the memory isn't waited for`() throws {
    let plan = BrokerBench.plan(
      clients: 4, rounds: [0, 1], rules: RoundRules(clientsPerRound: 4, minimumClients: 3))
    var bench = BrokerBench(plan: plan)
    for client in 0..<4 {
      bench.handle(.subscribed(.client(client)))
      _ = bench.ask(client, maximalStage: client < 2 ? 1 : nil)
    }
    let surrender = try #require(bench.prepare(1).surrender)
    #expect(surrender.shortage.able == 2 && surrender.shortage.unable == [0, 1])
    #expect(surrender.shortage.names == "without samples or memory for the stage: 0-1")
  }

  @Test func `a restarted broker counts the waiting of the one before`() {
    let plan = BrokerBench.plan(clients: 4, rules: rules, epoch: 2)
    var bench = BrokerBench(plan: plan)
    bench.now = .seconds(500)
    bench.machine = BrokerMachine(
      plan: plan, round: 2, at: bench.now, waitingSince: .seconds(420))
    #expect(bench.pass(.seconds(19)).surrender == nil)
    #expect(bench.pass(.seconds(1)).surrender?.isOverdue == true)
  }
}
