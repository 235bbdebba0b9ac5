package import Ledger
package import Wire

extension TrafficKind {
  /// The kind of a broadcast of `step`: the whole of it is a keyframe or a delta, whoever gets it;
  /// what goes to clients that evaluate is of a kind of its own.
  package init(broadcasting step: ModelPatch, for purpose: TaskPurpose = .training) {
    switch purpose {
    case .evaluation: self = .evaluation
    case .training: self = step.from == nil ? .keyframe : .delta
    }
  }

  /// The kind of a repair.
  package init(repairingFor purpose: TaskPurpose) {
    self = purpose == .evaluation ? .evaluation : .repair
  }

  /// The kind of what a client says.
  package init(of message: Message<Uplink>) {
    switch message.body {
    case .updateChunk: self = .update
    case .planWant: self = .plan
    case .sums: self = .statistics
    case .scores: self = .evaluation
    case .heartbeat(.evaluating): self = .evaluation
    case .heartbeat: self = .heartbeat
    case .want, .decline: self = message.header.purpose == .evaluation ? .evaluation : .control
    case .join, .offer, .leave: self = .control
    }
  }

  /// The kind of what the broker says on its control socket.
  package init(of body: Downlink) {
    switch body {
    case .announce(let announce):
      switch announce.state {
      case .evaluating: self = .evaluation
      case .measuring: self = .statistics
      case .waiting, .open, .closing, .paused: self = .control
      }
    case .noted(.scores): self = .evaluation
    case .noted(.sums): self = .statistics
    case .planChunk: self = .plan
    case .welcome, .modelChunk, .grant, .acknowledge, .refuse, .closed, .finished:
      self = .control
    }
  }
}
