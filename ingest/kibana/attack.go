package kibana

import (
	"slices"
	"strings"
)

// tactics of ATT&CK by the names that the table below uses.
var tactics = map[string]string{
	"Initial Access": "TA0001", "Execution": "TA0002", "Persistence": "TA0003", "Privilege Escalation": "TA0004", "Defense Evasion": "TA0005",
	"Credential Access": "TA0006", "Discovery": "TA0007", "Lateral Movement": "TA0008", "Collection": "TA0009", "Exfiltration": "TA0010",
	"Command and Control": "TA0011", "Impact": "TA0040", "Reconnaissance": "TA0043", "Resource Development": "TA0042",
	"Inhibit Response Function": "TA0107", "Impair Process Control": "TA0106",
}

// techniques are the ids that our detectors and rules name, as ATT&CK calls them. The
// tactic of a technique with several is the one for which we look. A tactic is named
// once for the lines below it.
const techniques = `
Initial Access
T1078 Valid Accounts
T1133 External Remote Services
T1189 Drive-by Compromise
T1190 Exploit Public-Facing Application
Execution
T1047 Windows Management Instrumentation
T1053 Scheduled Task/Job
T1053.005 Scheduled Task
T1059 Command and Scripting Interpreter
T1203 Exploitation for Client Execution
T1569 System Services
T1569.002 Service Execution
T0858 Change Operating Mode
Persistence
T1098 Account Manipulation
T1136 Create Account
T1543 Create or Modify System Process
T1543.003 Windows Service
T1505 Server Software Component
T1505.003 Web Shell
T1546 Event Triggered Execution
T1546.003 Windows Management Instrumentation Event Subscription
T1547 Boot or Logon Autostart Execution
T1547.001 Registry Run Keys / Startup Folder
Privilege Escalation
T1068 Exploitation for Privilege Escalation
Defense Evasion
T1207 Rogue Domain Controller
T1550 Use Alternate Authentication Material
T1550.002 Pass the Hash
T1550.003 Pass the Ticket
T1562 Impair Defenses
T1112 Modify Registry
Credential Access
T1003 OS Credential Dumping
T1003.001 LSASS Memory
T1003.002 Security Account Manager
T1003.003 NTDS
T1003.004 LSA Secrets
T1003.006 DCSync
T1040 Network Sniffing
T1110 Brute Force
T1110.001 Password Guessing
T1110.002 Password Cracking
T1110.003 Password Spraying
T1110.004 Credential Stuffing
T1187 Forced Authentication
T1552 Unsecured Credentials
T1552.004 Private Keys
T1552.006 Group Policy Preferences
T1555 Credentials from Password Stores
T1555.003 Credentials from Web Browsers
T1556 Modify Authentication Process
T1556.001 Domain Controller Authentication
T1557 Adversary-in-the-Middle
T1557.001 LLMNR/NBT-NS Poisoning and SMB Relay
T1557.002 ARP Cache Poisoning
T1557.003 DHCP Spoofing
T1558 Steal or Forge Kerberos Tickets
T1558.001 Golden Ticket
T1558.003 Kerberoasting
T1558.004 AS-REP Roasting
Discovery
T1016 System Network Configuration Discovery
T1018 Remote System Discovery
T1049 System Network Connections Discovery
T1082 System Information Discovery
T1083 File and Directory Discovery
T1201 Password Policy Discovery
T1033 System Owner/User Discovery
T1046 Network Service Discovery
T1069 Permission Groups Discovery
T1069.002 Domain Groups
T1087 Account Discovery
T1087.002 Domain Account
T1135 Network Share Discovery
T1482 Domain Trust Discovery
T0846 Remote System Discovery
Lateral Movement
T1021 Remote Services
T1021.001 Remote Desktop Protocol
T1021.002 SMB/Windows Admin Shares
T1021.003 Distributed Component Object Model
T1021.004 SSH
T1021.005 VNC
T1021.006 Windows Remote Management
T1210 Exploitation of Remote Services
T1570 Lateral Tool Transfer
T0843 Program Download
Collection
T1005 Data from Local System
T1039 Data from Network Shared Drive
T1074 Data Staged
T1074.002 Remote Data Staging
T1114 Email Collection
T1213 Data from Information Repositories
T1602 Data from Configuration Repository
Exfiltration
T1029 Scheduled Transfer
T1030 Data Transfer Size Limits
T1041 Exfiltration Over C2 Channel
T1048 Exfiltration Over Alternative Protocol
T1048.001 Exfiltration Over Symmetric Encrypted Non-C2 Protocol
T1048.002 Exfiltration Over Asymmetric Encrypted Non-C2 Protocol
T1048.003 Exfiltration Over Unencrypted Non-C2 Protocol
T1537 Transfer Data to Cloud Account
T1567 Exfiltration Over Web Service
T1567.001 Exfiltration to Code Repository
T1567.002 Exfiltration to Cloud Storage
T1567.003 Exfiltration to Text Storage Sites
T1567.004 Exfiltration Over Webhook
Command and Control
T1071 Application Layer Protocol
T1071.001 Web Protocols
T1071.002 File Transfer Protocols
T1071.003 Mail Protocols
T1071.004 DNS
T1090 Proxy
T1090.001 Internal Proxy
T1090.002 External Proxy
T1090.003 Multi-hop Proxy
T1095 Non-Application Layer Protocol
T1102 Web Service
T1104 Multi-Stage Channels
T1105 Ingress Tool Transfer
T1219 Remote Access Tools
T1568 Dynamic Resolution
T1568.002 Domain Generation Algorithms
T1571 Non-Standard Port
T1572 Protocol Tunneling
T1573 Encrypted Channel
T1573.002 Asymmetric Cryptography
Impact
T1485 Data Destruction
T1486 Data Encrypted for Impact
T1489 Service Stop
T1490 Inhibit System Recovery
T1491 Defacement
T1496 Resource Hijacking
T1496.001 Compute Hijacking
T1498 Network Denial of Service
T1499 Endpoint Denial of Service
T1531 Account Access Removal
T1565 Data Manipulation
Inhibit Response Function
T0816 Device Restart/Shutdown
Impair Process Control
T0836 Modify Parameter
T0855 Unauthorized Command Message
Reconnaissance
T1589 Gather Victim Identity Information
T1595 Active Scanning
T1595.001 Scanning IP Blocks
T1595.002 Vulnerability Scanning
`

type technique struct{ id, name, tactic string }

// find looks a technique up.
func find(id string) (t technique, ok bool) {
	tactic := ""
	for line := range strings.Lines(techniques) {
		line = strings.TrimSpace(line)
		if tactics[line] != "" {
			tactic = line
			continue
		}
		if have, name, _ := strings.Cut(line, " "); have == id {
			return technique{id, name, tactic}, true
		}
	}
	return t, false
}

// NameOf is what ATT&CK calls a technique, "" where the table does not have it.
func NameOf(id string) string {
	t, _ := find(id)
	return t.name
}

func (t technique) object() object {
	return object{"id": t.id, "name": t.name, "reference": "https://attack.mitre.org/techniques/" + strings.ReplaceAll(t.id, ".", "/") + "/"}
}

// Unknown are those of these ids that the table above does not have.
func Unknown(ids []string) (list []string) {
	for _, id := range ids {
		if _, ok := find(id); !ok {
			list = append(list, id)
		}
	}
	return list
}

// threat is how a rule names techniques: by tactic, with a sub-technique below its
// technique.
func threat(ids []string) (list []any) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	byTactic := map[string][]any{}
	var order []string
	for i := 0; i < len(ids); {
		main, _, _ := strings.Cut(ids[i], ".")
		t, ok := find(main)
		subs := []any{}
		for ; i < len(ids) && strings.HasPrefix(ids[i], main); i++ {
			if sub, ok := find(ids[i]); ok && ids[i] != main {
				subs = append(subs, sub.object())
			}
		}
		if !ok {
			continue
		}
		o := t.object()
		o["subtechnique"] = subs
		if byTactic[t.tactic] == nil {
			order = append(order, t.tactic)
		}
		byTactic[t.tactic] = append(byTactic[t.tactic], o)
	}
	for _, name := range order {
		id := tactics[name]
		list = append(list, object{"framework": "MITRE ATT&CK", "technique": byTactic[name],
			"tactic": object{"id": id, "name": name, "reference": "https://attack.mitre.org/tactics/" + id + "/"}})
	}
	return list
}
