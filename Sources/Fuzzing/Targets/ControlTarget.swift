import Federation
import Foundation
package import Measures

/// Requests to a running broker, as its control socket gets them.
package struct ControlTarget: FuzzTarget {
  package let name = "control"

  /// A target.
  package init() {}

  package func play(_ stream: RandomStream) throws(FuzzFinding) -> Bool {
    var stream = stream
    let bytes = ByteMutation.damage(Array(Self.request(&stream).json), using: &stream)
    let request: ControlRequest
    do { request = try ControlRequest(json: Data(bytes)) } catch {
      guard !error.description.isEmpty else {
        throw FuzzFinding("a request is refused without a word")
      }
      return false
    }
    if case .order(.deadline(let time)) = request {
      guard (.zero...ControlRequest.longestDeadline).contains(time) else {
        throw FuzzFinding("a deadline of \(time) is taken")
      }
    }
    guard let again = try? ControlRequest(json: request.json), again == request else {
      throw FuzzFinding("a request is another one after it was written: \(request)")
    }
    return true
  }

  private static func request(_ stream: inout RandomStream) -> ControlRequest {
    let number = Int.random(in: 0...1000, using: &stream)
    switch Int.random(in: 0..<9, using: &stream) {
    case 0: return .status
    case 1: return .stop
    case 2: return .order(.pause)
    case 3: return .order(.resume)
    case 4: return .order(.drain)
    case 5: return .order(.evict(client: number))
    case 6: return .order(.readmit(clients: [number, number + 1]))
    case 7: return .order(.deadline(.milliseconds(number)))
    default: return .admit(line: "site-\(number) \"key\\ 0-2")
    }
  }
}
