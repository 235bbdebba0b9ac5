import Links
import Measures

/// The fault script of a topology as it is played: what is due, what is under way, and what may yet
/// come.
struct FaultScript {
  /// A fault that will be undone.
  struct OpenFault {
    /// The fault's action.
    var action: FaultAction
    /// The clients that it hit.
    var clients: [Int]
  }

  /// The clients for whom faults of a kind are undone.
  enum End {
    case anybody
    case these(Set<Int>)

    func includes(_ client: Int) -> Bool {
      switch self {
      case .anybody: true
      case .these(let clients): clients.contains(client)
      }
    }
  }

  private var timeline: FaultTimeline
  /// Faults that the beginning of a round set off.
  private var setOff: [ScriptedFault] = []
  private var open: [Int: OpenFault] = [:]
  private var count = 0

  /// A script of which nothing has happened yet.
  init(_ rules: [FaultRule], run: RandomStream) { timeline = FaultTimeline(rules, run: run) }

  /// The time of the next fault that goes by the clock.
  var nextTime: Duration? { timeline.nextTime }

  /// Takes note that a round, from 1, began.
  ///
  /// - Returns: True if faults are due by it.
  mutating func begin(round: Int, at time: Duration) -> Bool {
    let due = timeline.begin(round: round - 1, at: time)
    setOff += due
    return !due.isEmpty
  }

  /// Takes the faults that are due, those first that the beginning of a round set off.
  ///
  /// - Returns: The faults, and true if some of them went by the clock.
  mutating func due(at time: Duration) -> (faults: [ScriptedFault], isByClock: Bool) {
    var faults = setOff
    setOff = []
    var isByClock = false
    while let next = timeline.nextTime, next <= time, let fault = timeline.next() {
      isByClock = true
      faults.append(fault)
    }
    return (faults, isByClock)
  }

  /// Takes note of a fault that will be undone.
  ///
  /// - Returns: The number by which it is undone.
  mutating func keepOpen(_ action: FaultAction, on clients: [Int]) -> Int {
    count += 1
    open[count] = OpenFault(action: action, clients: clients)
    return count
  }

  /// Takes the fault of a number, which is over.
  mutating func close(_ number: Int) -> OpenFault? { open.removeValue(forKey: number) }

  /// The clients whose cuts end, as they are under way or may yet come.
  var endOfCuts: End {
    end { action in
      switch action {
      case .cut, .partition, .restartBroker: true
      case .kill, .stall, .scaleRate: false
      }
    }
  }

  /// The clients whose killed processes start anew.
  var endOfKills: End {
    end { action in
      switch action {
      case .kill: true
      case .cut, .partition, .restartBroker, .stall, .scaleRate: false
      }
    }
  }

  private func end(of isMeant: (FaultAction) -> Bool) -> End {
    let mayCome = timeline.mayCome { isMeant($0.action) && $0.duration != nil }
    let hit = open.values.filter { isMeant($0.action) }
    return mayCome ? .anybody : .these(Set(hit.flatMap(\.clients)))
  }
}

extension FaultAction {
  /// The name under which the ledger counts it.
  var name: String {
    switch self {
    case .cut: "cut"
    case .stall: "stall"
    case .partition: "partition"
    case .kill: "kill"
    case .restartBroker: "restart"
    case .scaleRate: "slow"
    }
  }
}
