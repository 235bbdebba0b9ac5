import Bytes
import Federation
package import Measures
import Wire

/// A client's machine that is told anything by a broker.
package struct ClientTarget: FuzzTarget {
  package let name = "client"

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    let world = FuzzWorld()
    var messages = RandomMessages(stream: stream, digests: world.digests)
    var machine = ClientMachine(
      identity: ClientIdentity(
        client: 1, worker: 1, plan: world.planDigest,
        maximalStage: messages.number(2) == 0 ? 1 : nil,
        measuredChannels: messages.number(4) == 0 ? 1 : nil),
      limits: ProtocolLimits(), jitter: RandomStream(seed: 3))
    var now = Duration.zero
    let welcome = Welcome(
      seed: 1, rounds: 4, announceInterval: 1000, chunkBytes: 100, staleRounds: messages.number(3))
    let header = Header(run: 77, epoch: 1, client: 1)
    _ = machine.handle(.message(Message(header, .welcome(welcome))), at: now)
    var heard = false
    for _ in 0..<60 {
      now += .milliseconds(messages.number(2000))
      let actions = machine.handle(event(&messages), at: now)
      heard = heard || !actions.isEmpty
      switch machine.state {
      case .ended: return heard
      case .fetching, .training, .offering, .evaluating, .reporting:
        guard machine.wakeTime != nil else { throw FuzzFinding("a client at work sleeps for ever") }
      case .idle:
        guard machine.wakeTime != nil || machine.membership != nil else {
          throw FuzzFinding("a client no longer tries to join")
        }
        guard machine.wakeTime != nil || !machine.measuring.isUnderWay else {
          throw FuzzFinding("a client that adds its samples up sleeps for ever")
        }
      }
    }
    return heard
  }

  private func event(_ messages: inout RandomMessages) -> ClientEvent {
    switch messages.number(14) {
    case 0, 1: return .tick
    case 13:
      return messages.number(4) == 0
        ? .unmeasured(.noData, detail: "") : .measured(messages.sums())
    case 2: return .damaged(messages.digest())
    case 3: return .trained(round: 1 + messages.number(4), messages.offer())
    case 12: return .evaluated(round: 1 + messages.number(4), messages.scores())
    case 4: return .failed(round: 1 + messages.number(4), .failed, detail: "")
    default:
      let header = Header(
        run: messages.number(20) == 0 ? 78 : 77, epoch: messages.number(20) == 0 ? 2 : 1,
        round: messages.number(10) == 0 ? messages.count(bits: 32) : 1 + messages.number(4),
        stage: messages.number(10) == 0 ? messages.count(bits: 32) : 1 + messages.number(3),
        client: messages.number(3) == 0 ? nil : 1)
      return .message(Message(header, messages.downlink()))
    }
  }
}
