import Federation
import Measures

/// Questions and orders of whoever runs the broker.
extension BrokerLoop {
  /// Answers a request, and does as it says.
  func answer(_ question: ControlQuestion) throws {
    let answer: ControlAnswer
    switch question.request {
    case .status:
      return question.answer(
        ControlAnswer(ok: true, text: "", status: host.machine.presence(at: now)))
    case .stop:
      try handle(.stop)
      count("control: stop")
      answer = .done("the run stops now; what is there is kept, and --resume goes on")
    case .order(let order): answer = try follow(order)
    case .admit: answer = .refused("the allow-list isn't this thread's")
    }
    gate.log.write(
      .notice, "control",
      [
        "do": .text(question.request.word), "done": .flag(answer.ok),
        "answer": .text(answer.text), "user": .number(question.peer?.user ?? -1),
        "process": .number(question.peer?.process ?? -1),
      ])
    question.answer(answer)
  }

  /// Has the machine follow an order; who is excluded is kept for a broker that goes on with the
  /// run.
  private func follow(_ order: ControlOrder) throws -> ControlAnswer {
    lastAnswer = nil
    let before = host.machine.control.evicted
    try handle(.ordered(order))
    let after = host.machine.control.evicted
    guard var answer = lastAnswer else { return .refused("the run is over") }
    if after != before {
      do { try EvictionFile.write(after, to: evictions) } catch {
        answer.text += "; a broker that goes on with the run won't know: \(error)"
      }
    }
    return answer
  }
}
