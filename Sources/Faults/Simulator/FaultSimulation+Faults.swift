import Federation
import Measures

extension FaultSimulation {
  /// A fault begins.
  func begin(_ fault: InjectedFault) {
    guard finished == nil else { return }
    note("begins: \(fault)")
    active.append(fault)
    switch fault.kind {
    case .partition(let client, let isSilent):
      clients[client].cuts += 1
      if isSilent { clients[client].silentCuts += 1 } else { disconnect(client) }
    case .workerCrash(let client):
      clients[client].life += 1
      clients[client].machine = nil
      disconnect(client)
    case .workerLeave(let client):
      tell(.stop, to: client)
      clients[client].life += 1
      clients[client].machine = nil
      // Its last words go out before its connection ends.
      disconnect(client)
    case .brokerCrash:
      brokerCrashes += 1
      crashBroker()
    case .clockJump(let client, let jump):
      if let client {
        clients[client].offset += jump
        setAlarm(of: client)
      } else {
        brokerOffset += jump
        setBrokerAlarm()
      }
    case .fullDisk: fullDisks += 1
    case .loss, .duplication, .reordering, .delay, .damage, .slowTraining: break
    }
  }

  /// A fault ends.
  func end(_ fault: InjectedFault) {
    guard let index = active.firstIndex(of: fault) else { return }
    active.remove(at: index)
    note("ends: \(fault)")
    switch fault.kind {
    case .partition(let client, let isSilent):
      clients[client].cuts -= 1
      if isSilent { clients[client].silentCuts -= 1 }
      // A connection that was silent for so long doesn't live on.
      if clients[client].connection == nil { reconnect(client) } else { disconnect(client) }
    case .workerCrash(let client), .workerLeave(let client):
      let isDown = active.contains { fault in
        switch fault.kind {
        case .workerCrash(client), .workerLeave(client): true
        default: false
        }
      }
      if !isDown, clients[client].ended == nil || clients[client].ended == .left {
        startWorker(client)
      }
    case .brokerCrash:
      brokerCrashes -= 1
      if brokerCrashes == 0, finished == nil { startBroker() }
    case .fullDisk: fullDisks -= 1
    case .loss, .duplication, .reordering, .delay, .damage, .clockJump, .slowTraining: break
    }
  }

  private func crashBroker() {
    guard broker != nil else { return }
    broker = nil
    for client in clients.indices {
      guard let connection = clients[client].connection else { continue }
      clients[client].connection = nil
      connections[connection].isOpen = false
    }
  }
}
