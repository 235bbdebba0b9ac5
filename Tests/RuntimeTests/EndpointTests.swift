import Runtime
import Testing

@Suite struct EndpointTests {
  @Test func `messages name the three ports, or all of what isn't tcp`() throws {
    let tcp = try Endpoints(base: "tcp://broker.example:5701")
    #expect("\(tcp)" == "tcp://broker.example, ports 5701, 5702 and 5703")
    let six = try Endpoints(base: "tcp://[::1]:5701")
    #expect("\(six)" == "tcp://[::1], ports 5701, 5702 and 5703")
    let ipc = try Endpoints(base: "ipc:///run/x")
    #expect("\(ipc)" == "ipc:///run/x.control, ipc:///run/x.bulk and ipc:///run/x.updates")
  }

  @Test func `a name is bound to by its number, and what is a number already stays`() throws {
    let bound = try Endpoints(base: "tcp://localhost:5701").resolvedForBinding()
    #expect(["tcp://127.0.0.1:5701", "tcp://[::1]:5701"].contains(bound.control))
    #expect(bound.isLocal && bound.updates.hasSuffix(":5703"))
    for base in ["tcp://127.0.0.1:5701", "tcp://[::1]:5701", "tcp://*:5701", "ipc:///run/x"] {
      let endpoints = try Endpoints(base: base)
      #expect(try endpoints.resolvedForBinding() == endpoints)
    }
    #expect(throws: UnresolvedName.self) {
      try Endpoints(base: "tcp://no-such-host.invalid:5701").resolvedForBinding()
    }
  }

  @Test func `clients are written as short as it goes`() {
    #expect(ClientRange(of: [3, 0, 1, 2, 7, 9, 8, 3]).description == "0-3,7-9")
    #expect(ClientRange(of: [5]).description == "5")
  }
}
