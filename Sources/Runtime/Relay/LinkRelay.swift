import Foundation
package import Links
package import Measures
import ZeroMQ

/// Clients' links in real time: passes tcp connections on as late as the model says.
///
/// Each line is one client's link, with ports of its own in front of the broker's; all connections
/// through them share it. What was read is handed to the link in pieces of a few segments, and
/// written when the model has it arrive. A relay reads only as far ahead as keeps its link busy, so
/// that pressure from a slow link reaches the senders; queue limits of the model aren't played, as
/// a stream drops nothing. One thread serves all lines.
package final class LinkRelay: Sendable {
  /// A client's link and where it leads.
  package struct Line: Sendable {
    /// The addresses at which it listens; port 0 for free ones.
    package var listens: [StreamAddress]
    /// The address to which the connections to each of these are passed on.
    package var leads: [StreamAddress]
    /// The link.
    package var link: DuplexProfile
    /// The client, which decides the link's random stream.
    package var client: Int

    /// A line of the given parts.
    package init(
      listens: [StreamAddress], leads: [StreamAddress], link: DuplexProfile, client: Int
    ) {
      precondition(listens.count == leads.count, "each port leads somewhere")
      self.listens = listens
      self.leads = leads
      self.link = link
      self.client = client
    }
  }

  /// The addresses at which each line listens.
  package let places: [[StreamAddress]]
  private let stopping: Wakeup

  /// Listens for all lines and begins to relay on a thread of its own.
  ///
  /// - Parameters:
  ///   - lines: The links.
  ///   - run: The root of the links' chance.
  /// - Throws: ``RelayError``, `ZMQError` when the process is out of descriptors.
  package init(_ lines: [Line], run: RandomStream) throws {
    var listeners: [RelayLoop.Listener] = []
    places = try lines.enumerated().map { index, line in
      try zip(line.listens, line.leads).map { place, target in
        let socket = try StreamSocket.listening(at: place)
        listeners.append(RelayLoop.Listener(socket: socket, line: index, target: target))
        var bound = place
        bound.port = socket.port
        return bound
      }
    }
    stopping = try Wakeup()
    Thread.detachNewThread { [stopping, listeners] in
      RelayLoop(lines, listeners: listeners, run: run, stopping: stopping).run()
    }
  }

  deinit { stop() }

  /// Ends all connections and takes no more.
  package func stop() { stopping.signal() }
}
