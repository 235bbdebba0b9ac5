import Federation
import Foundation
import Testing
import Wire

struct PresenceTests {
  private var bench = BrokerBench(plan: BrokerBench.plan(clients: 4, rules: Self.rules))

  private static var rules: RoundRules {
    var rules = RoundRules(clientsPerRound: 4)
    rules.minimumClients = 3
    rules.deadline = .seconds(600)
    return rules
  }

  private mutating func join(_ client: Int, worker: UInt64, _ place: WorkerPlace?) {
    let join = Join(
      worker: worker, plan: BrokerBench.digest, maximalStage: nil, samples: 600, heldOut: 5)
    bench.handle(.subscribed(.client(client)))
    bench.handle(.message(Message(Header(client: client), .join(join)), from: place))
  }

  private func presence() -> Presence { bench.machine.presence(at: bench.now) }

  private func does(_ client: Int) -> Presence.Occupation? {
    presence().workers.flatMap(\.clients).first { $0.client == client }?.does
  }

  /// Two workers, of which the first plays three clients; round 1 is open.
  private mutating func open() {
    for client in 0..<3 {
      join(client, worker: 7, WorkerPlace(name: "site-1", address: "10.0.0.7"))
    }
    bench.now += .seconds(5)
    join(3, worker: 9, WorkerPlace(name: "site-2", process: 42))
    bench.prepare(1)
  }

  @Test mutating func `while clients are waited for it says how many of how many are here`() {
    join(0, worker: 7, nil)
    bench.pass(.seconds(3))
    let presence = presence()
    #expect(presence.state == .waiting && presence.round == 1 && presence.rounds == 2)
    #expect(
      presence.present == 1 && presence.clients == 4 && presence.waitingFor?.duration == .seconds(3)
    )
    #expect(presence.able == 1 && presence.needed == 4 && presence.lacking == "not here: 1-3")
    #expect(presence.workers.map(\.name) == ["7"], "of a worker without a name its number is said")
  }

  @Test mutating func `workers are named with address, clients and the time that they are here`() {
    open()
    bench.pass(.seconds(2))
    let workers = presence().workers
    #expect(workers.map(\.name) == ["site-1", "site-2"])
    #expect(workers.map { $0.clients.map(\.client) } == [[0, 1, 2], [3]])
    #expect(workers[0].address == "10.0.0.7" && workers[1].process == 42)
    #expect(workers.map(\.since.duration) == [.seconds(7), .seconds(2)])
    #expect(workers[0].clients[0].samples == 600 && workers[0].clients[0].heldOut == 5)
    // Who joins again has been here all the time.
    join(0, worker: 7, WorkerPlace(name: "site-1", address: "10.0.0.7"))
    #expect(presence().workers[0].since.duration == .seconds(7))
    #expect(presence().workers[0].heard.duration == .zero)
  }

  @Test mutating func `each client's occupation is told, from the announcement to the update`() {
    open()
    #expect(presence().state == .open && presence().selected == 4 && presence().stage == 1)
    #expect(does(0) == .asked)
    bench.say(0, BrokerBench.wants())
    #expect(does(0) == .fetching)
    bench.pass(.seconds(3))
    #expect(does(0) == .fetching)
    bench.say(0, .heartbeat(.training))
    #expect(does(0) == .training)
    bench.say(0, .offer(BrokerBench.offer()))
    #expect(does(0) == .uploading)
    bench.say(0, .updateChunk(offset: 0, length: 10))
    #expect(does(0) == .uploading)
    bench.handle(.stored(round: 1, client: 0, .accepted))
    #expect(does(0) == .done && presence().accepted == 1)
    bench.say(1, .decline(.noData, detail: "empty"))
    #expect(does(1) == .declined)
    bench.handle(.unsubscribed(.client(2)))
    #expect(does(2) == .gone)
    bench.handle(.ordered(.evict(client: 3)))
    #expect(presence().evicted == [3] && does(3) == nil)
  }

  @Test mutating func `a client that asks for nothing more trains, also before it says so`() {
    open()
    bench.say(0, BrokerBench.wants())
    bench.pass(.seconds(2.5))
    #expect(does(0) == .fetching)
    bench.pass(.seconds(4))
    #expect(does(0) == .training)
    bench.say(0, .heartbeat(.fetching))
    #expect(does(0) == .fetching)
  }

  @Test
  mutating func `a busy client that isn't heard is silent, an idle one if its worker is known`() {
    for client in 0..<3 { join(client, worker: 7, nil) }
    bench.pass(.seconds(500))
    #expect(does(0) == .idle, "in virtual time the idle say nothing")
    join(3, worker: 9, nil)
    bench.prepare(1)
    #expect(does(0) == .asked, "it had nothing to say before it was asked")
    bench.pass(.seconds(29))
    #expect(does(0) == .asked)
    bench.pass(.seconds(1))
    #expect(does(0) == .silent)
    bench.say(0, BrokerBench.wants())
    #expect(does(0) == .fetching)
  }

  @Test mutating func `an idle client is silent once nothing was heard of all of its worker`() {
    for client in 0..<2 { join(client, worker: 7, WorkerPlace(name: "site-1")) }
    bench.pass(.seconds(20))
    bench.say(1, .heartbeat(.idle))
    bench.pass(.seconds(29))
    #expect(does(0) == .idle && does(1) == .idle)
    bench.pass(.seconds(1))
    #expect(does(0) == .silent && does(1) == .silent)
    bench.say(1, .heartbeat(.idle))
    #expect(does(0) == .idle && does(1) == .idle)
  }

  @Test mutating func `a client is late once half of the updates are there, or the quorum`() {
    open()
    bench.upload(0)
    bench.pass(.seconds(1))
    #expect(presence().workers.flatMap(\.clients).allSatisfy { $0.late == nil })
    bench.upload(3)
    bench.pass(.seconds(12))
    let late = presence().workers.flatMap(\.clients).filter { $0.late != nil }
    #expect(
      late.map(\.client) == [1, 2]
        && late.map { $0.late?.duration } == [.seconds(12), .seconds(12)])
  }

  @Test mutating func `a worker without listeners is gone since then, and comes last`() {
    open()
    for client in 0..<3 { bench.handle(.unsubscribed(.client(client))) }
    bench.pass(.seconds(4))
    let workers = presence().workers
    #expect(workers.map(\.name) == ["site-2", "site-1"])
    #expect(workers[1].gone?.duration == .seconds(4) && workers[0].gone == nil)
    #expect(presence().present == 1)
  }

  @Test mutating func `it is read as JSON as it was written`() throws {
    open()
    bench.handle(.ordered(.pause))
    bench.pass(.milliseconds(1234))
    let presence = presence()
    let text = try #require(presence.json)
    #expect(try JSONDecoder().decode(Presence.self, from: Data(text.utf8)) == presence)
    #expect(text.contains("\"paused\":true") && text.contains("\"since\":1.234"))
    #expect(!text.contains("\n"))
  }
}
