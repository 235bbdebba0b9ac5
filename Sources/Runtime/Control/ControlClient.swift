package import Federation
import Foundation
package import Ledger
import Measures

/// Asks the broker that works on a run, over the socket in its directory.
package enum ControlClient {
  /// The time that a broker has for its answer.
  private static let patience = Duration.seconds(20)
  /// The longest answer: the presence of a large fleet.
  private static let longest = 1 << 30

  /// The answer of the broker that works on the run in a directory.
  ///
  /// - Throws: ``ControlError`` where none does, or it can't be asked.
  package static func ask(
    _ request: ControlRequest, of paths: RunPaths
  ) throws(ControlError) -> ControlAnswer {
    let path = paths.directory.path(percentEncoded: false)
    let deadline = ContinuousClock.now + patience
    let socket: ControlSocket
    do throws(ControlError) {
      socket = try ControlSocket.connected(to: paths.control.path(percentEncoded: false))
    } catch .noBroker {
      throw .noBroker(path)
    } catch .notYours {
      throw .notYours(path)
    }
    guard socket.writeLine(request.json, until: deadline),
      let line = socket.readLine(atMost: longest, until: deadline)
    else { throw .noAnswer(path) }
    guard let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(line)) else {
      throw .unreadable(path)
    }
    return answer
  }
}
