// A second opinion: what Go's x/mod and sigsum-go make of the same trees, notes and witnesses.
//
//	reference trees < trees.json         roots and proofs by x/mod, one JSON line a tree
//	reference open VKEY < note           who signed the note, by x/mod
//	reference submit URL KEY SEED        a log by sigsum-go, which submits its heads to a witness
//
// bench/interop.py builds and runs it, and compares.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sigsum.org/sigsum-go/pkg/checkpoint"
	"sigsum.org/sigsum-go/pkg/crypto"
	"sigsum.org/sigsum-go/pkg/merkle"
	"sigsum.org/sigsum-go/pkg/requests"
	"sigsum.org/sigsum-go/pkg/types"
)

func main() {
	log.SetFlags(0)
	switch {
	case len(os.Args) == 2 && os.Args[1] == "trees":
		trees()
	case len(os.Args) == 3 && os.Args[1] == "open":
		open(os.Args[2])
	case len(os.Args) == 5 && os.Args[1] == "submit":
		submit(os.Args[2], os.Args[3], os.Args[4])
	default:
		log.Fatal("usage: see the source")
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Trees, by x/mod.

type tree struct {
	Leaves     []string `json:"leaves"`
	Old, Index int64
}

type opinion struct {
	Root        string   `json:"root"`
	Consistency []string `json:"consistency"`
	Inclusion   []string `json:"inclusion"`
}

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		found = append(found, s[index])
	}
	return found, nil
}

func trees() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var given tree
		check(json.Unmarshal(lines.Bytes(), &given))
		var hashes stored
		for at, leaf := range given.Leaves {
			data, err := base64.StdEncoding.DecodeString(leaf)
			check(err)
			added, err := tlog.StoredHashes(int64(at), data, hashes)
			check(err)
			hashes = append(hashes, added...)
		}
		size := int64(len(given.Leaves))
		root, err := tlog.TreeHash(size, hashes)
		check(err)
		consistency, err := tlog.ProveTree(size, given.Old, hashes)
		check(err)
		inclusion, err := tlog.ProveRecord(size, given.Index, hashes)
		check(err)
		said, err := json.Marshal(opinion{root.String(), texts(consistency), texts(inclusion)})
		check(err)
		fmt.Println(string(said))
	}
	check(lines.Err())
}

func texts(hashes []tlog.Hash) []string {
	found := []string{}
	for _, hash := range hashes {
		found = append(found, hash.String())
	}
	return found
}

// Notes, by x/mod.

func open(key string) {
	verifier, err := note.NewVerifier(key)
	check(err)
	text, err := io.ReadAll(os.Stdin)
	check(err)
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	for _, signature := range opened.Sigs {
		fmt.Println(signature.Name)
	}
}

// A log and its client, by sigsum-go.

type logger struct {
	signer crypto.Signer
	hashes []crypto.Hash
}

func newLogger(signer crypto.Signer, forked int) logger {
	made := logger{signer: signer}
	for at := 0; at < 40; at++ {
		leaf := fmt.Sprint(at)
		if at >= forked {
			leaf += "!"
		}
		made.hashes = append(made.hashes, merkle.HashLeafNode([]byte(leaf)))
	}
	return made
}

func (l logger) tree(size uint64) merkle.Tree {
	tree := merkle.NewTree()
	for at := range l.hashes[:size] {
		tree.AddLeafHash(&l.hashes[at])
	}
	return tree
}

func (l logger) request(old, size uint64, origin string) requests.AddCheckpoint {
	tree := l.tree(size)
	public := l.signer.Public()
	if origin == "" {
		origin = types.SigsumCheckpointOrigin(&public)
	}
	head := types.TreeHead{Size: size, RootHash: tree.GetRootHash()}
	signed, err := head.Sign(l.signer)
	check(err)
	var proof []crypto.Hash
	if old < size {
		proof, err = tree.ProveConsistency(old, size)
		check(err)
	}
	return requests.AddCheckpoint{
		OldSize: old,
		Proof:   types.ConsistencyProof{Path: proof},
		Checkpoint: checkpoint.Checkpoint{
			SignedTreeHead: signed,
			Origin:         origin,
			KeyId:          checkpoint.NewLogKeyId(origin, &public),
		},
	}
}

type told struct {
	Name, Body string
	Status     int
	Cosigned   bool
}

func submit(url, key, seed string) {
	signer, err := crypto.SignerFromHex(seed)
	check(err)
	witness, err := crypto.PublicKeyFromHex(key)
	check(err)
	stranger, err := crypto.SignerFromHex(hex.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	check(err)
	honest, fork := newLogger(signer, 40), newLogger(signer, 3)
	wrong := newLogger(stranger, 40)
	public := signer.Public()
	origin := types.SigsumCheckpointOrigin(&public)
	send := func(name string, request requests.AddCheckpoint) {
		var body bytes.Buffer
		check(request.ToASCII(&body))
		fmt.Println(post(url, name, body.String(), &request.Checkpoint, &witness))
	}
	send("first", honest.request(0, 10, ""))
	send("growth", honest.request(10, 27, ""))
	send("forged consistency", fork.request(27, 35, ""))
	send("rollback", honest.request(10, 20, ""))
	send("other root", fork.request(27, 27, ""))
	send("wrong key", wrong.request(27, 35, origin))
	send("unknown origin", wrong.request(27, 35, ""))
	send("stale size", honest.request(0, 35, ""))
	send("same again", honest.request(27, 27, ""))
	send("goes on", honest.request(27, 40, ""))
}

func post(
	url, name, body string, head *checkpoint.Checkpoint, witness *crypto.PublicKey,
) string {
	response, err := http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader(body))
	check(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	check(err)
	said := told{Name: name, Status: response.StatusCode}
	if response.StatusCode == 200 {
		lines, err := checkpoint.CosignatureLinesFromASCII(bytes.NewReader(answer))
		check(err)
		_, err = head.VerifyCosignatureByKey(lines, witness)
		said.Cosigned = err == nil
	} else if response.StatusCode == 409 {
		said.Body = string(answer)
	}
	text, err := json.Marshal(said)
	check(err)
	return string(text)
}
