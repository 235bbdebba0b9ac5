import Federation
import Testing
import Wire

struct MembersTests {
  private let plan = BrokerBench.plan(clients: 4)

  private func ask(
    _ members: inout Members, _ client: Int, _ worker: UInt64, at now: Duration = .zero
  ) -> Members.JoinAnswer {
    members.ask(client, Sample.join(worker), from: nil, plan, at: now)
  }

  @Test func `a client that asks before it listens is let in when it does`() {
    var members = Sample.members([])
    #expect(ask(&members, 0, 7) == .waits)
    guard case .admits(let knock) = members.listen(to: 0) else {
      Issue.record("it isn't let in")
      return
    }
    #expect(knock.join == Sample.join(7) && knock.place == nil)
    #expect(members.listen(to: 0) == .isNoted, "it is let in once")
    #expect(ask(&members, 0, 7) == .admits)
  }

  @Test func `a client is present while it is a member and somebody listens`() {
    var members = Sample.members([])
    _ = members.listen(to: 1)
    #expect(members.presence.count == 0)
    members.admit(1, Sample.join(7), from: nil, at: .zero)
    #expect(Array(members.presence.all) == [1])
    _ = members.listen(to: 1)
    #expect(members.stopListening(to: 1) == .isNoted)
    #expect(members.stopListening(to: 1) == .isGone)
    #expect(members.presence.count == 0 && members.isDeserted)
    #expect(members[1]?.isGone == true)
  }

  @Test func `clients and plans that the broker doesn't have are refused`() {
    var members = Sample.members([])
    #expect(
      ask(&members, 4, 7)
        == .isRefused(.wrongClient, detail: "the topology has clients 0 to 3"))
    let other = Join(worker: 7, plan: BrokerBench.base, maximalStage: nil)
    guard case .isRefused(.wrongPlan, _) = members.ask(0, other, from: nil, plan, at: .zero) else {
      Issue.record("another plan was taken")
      return
    }
  }

  @Test func `a worker that was silent is asked once before another one takes over`() {
    var members = Sample.members([0])
    guard case .isTaken(let member, isDue: false) = ask(&members, 0, 9) else {
      Issue.record("the client was taken at once")
      return
    }
    #expect(member.worker == 100)
    let silent = plan.limits.silence
    guard case .isTaken(_, isDue: true) = ask(&members, 0, 9, at: silent) else {
      Issue.record("the worker isn't asked")
      return
    }
    #expect(members.askWhetherAlive(0, plan, at: silent).count == 1)
    let time = plan.limits.offerTimeout * 2
    guard case .isTaken(_, isDue: false) = ask(&members, 0, 9, at: silent + time / 2) else {
      Issue.record("the worker has no time to answer")
      return
    }
    #expect(ask(&members, 0, 9, at: silent + time) == .admits)
    members.heard(0, at: silent + time)
    #expect(ask(&members, 0, 9, at: silent + time) != .admits, "it answered")
  }

  @Test func `several workers at one mailbox are told apart when one comes or goes`() {
    var members = Sample.members([0])
    _ = members.listen(to: 0)
    _ = ask(&members, 0, 9)
    #expect(members.listen(to: 0) == .isContested)
    #expect(members.stopListening(to: 0) == .isContested)
  }

  @Test func `only the worker that plays a client can leave it`() {
    var members = Sample.members([0])
    #expect(members.leave(0, 9) == nil)
    #expect(members[0] != nil)
    #expect(members.leave(0, 100)?.worker == 100)
    #expect(members[0] == nil && members.presence.count == 0)
  }

  @Test func `a worker that is forbidden loses what it asked for and plays`() {
    var members = Sample.members([0])
    members.forbid(0, 9)
    #expect(members[0]?.worker == 100)
    members.forbid(0, 100)
    #expect(members[0] == nil)
    _ = members.stopListening(to: 0)
    #expect(ask(&members, 0, 9) == .waits)
    members.forbid(0, 9)
    #expect(members.listen(to: 0) == .isNoted)
  }

  @Test func `a client isn't asked beyond what it can train until it joins anew`() {
    var members = Sample.members([0, 1])
    members.restrict(0, to: 0)
    #expect(members[0]?.maximalStage == 0 && members.restrictions.keys.sorted() == [0])
    #expect(Array(members.eligible(for: Sample.model)) == [1])
    #expect(members.limit(of: 0, and: 3) == 0)
    members.admit(0, Sample.join(100), from: nil, at: .zero)
    #expect(Array(members.eligible(for: Sample.model)) == [0, 1])
    #expect(members.restrictions.isEmpty)
  }

  @Test func `a restriction outlives the broker for the same worker alone`() {
    let known = [0: Restriction(worker: 7, limit: 1), 1: Restriction(worker: 7, limit: 1)]
    var members = Members(clients: 4, stages: 2, restrictions: known)
    members.admit(0, Sample.join(7), from: nil, at: .zero)
    members.admit(1, Sample.join(8, maximalStage: 2), from: nil, at: .zero)
    #expect(members[0]?.maximalStage == 1)
    #expect(members[1]?.maximalStage == 2)
    #expect(members.limits.sorted() == [1, 2])
  }

  @Test func `an update lifts a restriction`() {
    var members = Sample.members([])
    members.admit(0, Sample.join(7, maximalStage: 3), from: nil, at: .zero)
    members.learn(0, .noData, of: nil)
    #expect(members[0]?.maximalStage == 0)
    members.unrestrict(0)
    #expect(members[0]?.maximalStage == 3 && members.restrictions.isEmpty)
    members.learn(0, .failed, of: Sample.model)
    #expect(members[0]?.maximalStage == 3)
    members.learn(0, .tooDeep, of: Sample.model)
    #expect(members[0]?.maximalStage == 0)
  }

  @Test func `a client that was heard lately is alive`() {
    var members = Sample.members([0])
    let silence = Duration.seconds(30)
    #expect(members.isAlive(0, within: silence, at: .seconds(29)))
    #expect(members.isSilent(0, for: silence, at: .seconds(30)))
    members.heard(0, at: .seconds(20))
    #expect(members.isAlive(0, within: silence, at: .seconds(30)))
    _ = members.stopListening(to: 0)
    #expect(!members.isAlive(0, within: silence, at: .seconds(30)))
    #expect(members.isSilent(3, for: silence, at: .zero), "it isn't a member")
  }
}
