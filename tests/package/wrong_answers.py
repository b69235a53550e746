"""What readers write who hold a wrong belief, for each exercise and each belief: the body of their function."""

# Each wrong belief, with the body of a function that holds it.
WRONG = {
    "encode-text": {
        "counted from 1": """
            token_of = {character: token for token, character in enumerate(vocabulary, start=1)}
            return torch.tensor([token_of[character] for character in text])""",
        "numbered as they come in the text": """
            token_of = {}
            for character in text:
                token_of.setdefault(character, len(token_of))
            return torch.tensor([token_of[character] for character in text])""",
        "the place in the text": """
            return torch.tensor([token for token, character in enumerate(text)])""",
        "a place in the text for each of the vocabulary": """
            where = {character: place for place, character in enumerate(text)}
            return torch.tensor([where[character] for character in vocabulary])""",
        "the numbers of Unicode": "return torch.tensor(list(text.encode()))",
        "a vocabulary of the text's own": """
            token_of = {character: token for token, character in enumerate(sorted(set(text)))}
            return torch.tensor([token_of[character] for character in text], dtype=torch.long)""",
        "the vocabulary sorted again": """
            known = "".join(sorted(set(vocabulary)))
            return torch.tensor([known.find(character) for character in text]).long()""",
        "each character once": """
            tokens = []
            for character in text:
                if vocabulary.index(character) not in tokens:
                    tokens.append(vocabulary.index(character))
            return torch.tensor(tokens).long()""",
        "spaces and line ends are no characters": """
            return torch.tensor([vocabulary.index(character) for word in text.split() for character in word])""",
        "one-hot rows": """
            tokens = torch.tensor([vocabulary.index(character) for character in text])
            return F.one_hot(tokens, num_classes=len(vocabulary))""",
    },
    "merge-pair": {
        "the new token at both places": """
            out = tokens.clone()
            for i in range(len(tokens) - 1):
                if tokens[i] == first and tokens[i + 1] == second:
                    out[i] = out[i + 1] = new
            return out""",
        "either token is replaced": """
            return torch.tensor([new if token in (first, second) else token for token in tokens.tolist()])""",
        "either order will do": """
            out = []
            for token in tokens.tolist():
                if out and {out[-1], token} == {first, second}:
                    out[-1] = new
                else:
                    out.append(token)
            return torch.tensor(out)""",
        "only the first pair": """
            for i in range(len(tokens) - 1):
                if tokens[i] == first and tokens[i + 1] == second:
                    return torch.cat([tokens[:i], torch.tensor([new]), tokens[i + 2 :]])
            return tokens""",
        "one of the two is left standing": """
            is_pair = (tokens[:-1] == first) & (tokens[1:] == second)
            out = tokens.clone()
            out[:-1][is_pair] = new
            return out""",
        "taken out, and nothing written": """
            out = []
            for token in tokens.tolist():
                if out and (out[-1], token) == (first, second):
                    out.pop()
                else:
                    out.append(token)
            return torch.tensor(out)""",
        "the last token is forgotten": """
            out, i = [], 0
            while i < len(tokens) - 1:
                found = tokens[i] == first and tokens[i + 1] == second
                out.append(new if found else tokens[i].item())
                i += 2 if found else 1
            return torch.tensor(out)""",
        "there is always a next token": """
            out, i = [], 0
            tokens = tokens.tolist()
            while i < len(tokens):
                if tokens[i] == first and tokens[i + 1] == second:
                    out.append(new)
                    i += 1
                else:
                    out.append(tokens[i])
                i += 1
            return torch.tensor(out)""",
        "a token in two pairs": """
            out = []
            for i in range(len(tokens)):
                if i + 1 < len(tokens) and tokens[i] == first and tokens[i + 1] == second:
                    out.append(new)
                elif i == 0 or tokens[i] != second or tokens[i - 1] != first:
                    out.append(tokens[i].item())
            return torch.tensor(out)""",
        "from right to left": """
            out, i = tokens.tolist(), len(tokens) - 2
            while i >= 0:
                if out[i : i + 2] == [first, second]:
                    out[i : i + 2] = [new]
                i -= 1
            return torch.tensor(out)""",
    },
    "shift-targets": {
        "the chunk itself": """
            return torch.stack([tokens[start : start + context_length] for start in starts])""",
        "shifted the other way": """
            return torch.stack([tokens.roll(1)[start : start + context_length] for start in starts])""",
        "the next chunk": """
            rows = []
            for start in starts:
                end = start + context_length
                rows.append(tokens[end : end + context_length])
            return torch.stack(rows)""",
        "only the last position predicts": """
            return torch.stack([tokens[start + context_length] for start in starts])""",
        "starts count chunks": """
            rows = []
            for start in starts:
                begin = start * context_length
                rows.append(tokens[begin + 1 : begin + context_length + 1])
            return torch.stack(rows)""",
        "the chunk along with its targets": """
            return tokens.unfold(0, context_length + 1, 1)[starts]""",
        "the last position has no target": """
            return torch.stack([tokens[start + 1 : start + context_length] for start in starts])""",
        "the chunk goes round in a circle": """
            chunk = torch.stack([tokens[start : start + context_length] for start in starts])
            return torch.cat([chunk[:, 1:], chunk[:, :1]], dim=1)""",
    },
    "softmax-rows": {
        "scores divided by their sum": "return torch.stack([row / sum(row) for row in scores])",
        "negative scores made positive, or 0": "return F.normalize(F.relu(scores), p=1, dim=-1)",
        "an exponential can hold anything": """
            shares = math.e**scores
            return shares / shares.sum(-1, keepdim=True)""",
        "the largest of the whole table is taken away": """
            shares = torch.exp(scores - torch.max(scores))
            return shares / shares.sum(-1)[..., None]""",
        "the sum of the whole table": "return scores.flatten().softmax(0).view_as(scores)",
        "columns sum to one": """
            shares = (scores - scores.max(0).values).exp()
            return shares / shares.sum(0)""",
        "dim=1 is the row": """
            shares = (scores - scores.amax(dim=1, keepdim=True)).exp()
            return shares / shares.sum(1, keepdim=True)""",
        "one number a row, lined up with the columns": """
            scores = scores - scores.max(-1, keepdim=True)[0]
            return scores.exp().div(scores.exp().sum(-1))""",
        "max gives the largest alone": """
            shares = torch.exp(scores - scores.max(-1))
            return shares / shares.sum(-1, keepdim=True)""",
        "the exponential is the weight": "return torch.exp(scores)",
        "powers of 2": "return (scores * math.log(2)).softmax(-1)",
        "the logarithms of the weights": "return scores - scores.logsumexp(-1, keepdim=True)",
        "the highest takes all": "return (scores == scores.amax(-1, keepdim=True)).float()",
    },
    "count-and-smooth": {
        "rows are the tokens after": """
            counts = torch.ones(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i], tokens[i - 1]] += 1
            return F.normalize(counts, p=1, dim=1)""",
        "divided by the sums of before": """
            counts = torch.zeros(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            sums = counts.sum(1, keepdim=True)
            counts += 1
            return counts / sums""",
        "nothing added": """
            here, after = F.one_hot(tokens[:-1], vocab_size), F.one_hot(tokens[1:], vocab_size)
            counts = here.T @ after
            return counts / counts.sum(1, keepdim=True)""",
        "one added after the division": """
            counts = torch.zeros(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            p = counts / counts.sum(1)[:, None]
            return (1 + p) / (vocab_size + 1)""",
        "one added only where there was 0": """
            counts = torch.zeros(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            counts[counts == 0] = 1
            return counts / counts.sum(1, keepdim=True)""",
        "each pair once, however often it occurs": """
            counts = torch.ones(vocab_size, vocab_size)
            counts[tokens[:-1], tokens[1:]] += 1
            return counts / counts.sum(1, keepdim=True)""",
        "the sums of the rows, lined up with the columns": """
            counts = torch.ones(vocab_size, vocab_size)
            for i in range(1, len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            return counts / counts.sum(1)""",
        "columns sum to one": """
            here, after = F.one_hot(tokens[:-1], vocab_size), F.one_hot(tokens[1:], vocab_size)
            return F.normalize(here.T @ after + 1.0, p=1, dim=0)""",
        "the whole table sums to one": """
            here, after = F.one_hot(tokens[:-1], vocab_size), F.one_hot(tokens[1:], vocab_size)
            return (here.T @ after + 1) / (len(tokens) - 1 + vocab_size**2)""",
        "neighbours on both sides": """
            counts = torch.ones(vocab_size, vocab_size)
            for a, b in zip(tokens.tolist(), tokens.tolist()[1:]):
                counts[a, b] += 1
                counts[b, a] += 1
            return counts / counts.sum(1, keepdim=True)""",
        "the last token is followed by the first": """
            counts = torch.ones(vocab_size, vocab_size)
            for i in range(len(tokens)):
                counts[tokens[i - 1], tokens[i]] += 1
            return counts / counts.sum(1, keepdim=True)""",
    },
    "witten-bell": {
        "one count is handed on": "return (counts + shorter) / (sum(counts) + 1)",
        "half and half": "return 0.5 * F.normalize(counts, p=1, dim=0) + 0.5 * shorter",
        "every token of the vocabulary is a kind": """
            V = counts.size(0)
            return (counts + V * shorter) / (counts.sum() + V)""",
        "the kinds that never followed": """
            new = len(counts) - counts.count_nonzero()
            return (counts + new * shorter) / (counts.sum() + new)""",
        "divided by the old total": """
            if not counts.any():
                return shorter
            return counts / counts.sum() + counts.count_nonzero() / counts.sum() * shorter""",
        "the shorter context is for what never followed": """
            p = counts / counts.sum()
            p[counts == 0] = shorter[counts == 0]
            return p""",
        "one added to each count": "return (counts + 1) / (counts.sum() + len(counts))",
        "all tokens alike": """
            n = len(counts.nonzero())
            if n == 0:
                return shorter
            return (counts + n * torch.ones_like(shorter).softmax(0)) / (counts.sum() + n)""",
        "the counts alone": "return shorter if counts.sum() == 0 else counts / counts.sum()",
        "a context that never came follows the same rule": """
            share = counts.count_nonzero() / (counts.sum() + counts.count_nonzero())
            return counts / (counts.sum() + counts.count_nonzero()) + share * shorter""",
    },
    "bring-into-range": {
        "divided by B - 1": """
            distance = x - x.mean(0)
            return distance / (distance.pow(2).sum(0) / (len(x) - 1)).sqrt()""",
        "rows instead of columns": "return F.layer_norm(x, x.shape[-1:], eps=0)",
        "one mean and one variance for all": """
            distance = x - x.mean()
            return distance / distance.pow(2).mean().sqrt()""",
        "divided by the variance, the root forgotten": """
            distance = x - x.mean(0)
            return distance / (distance * distance).mean(0)""",
        "the mean is 0, and that is all": "return x - x.sum(0) / len(x)",
        "the mean is left where it was": "return x / ((x - x.mean(0)) ** 2).mean(0).sqrt()",
        "from 0 to 1": """
            low, high = x.min(0).values, x.max(0).values
            return (x - low) / (high - low)""",
        "the mean distance": """
            distance = x - x.mean(0)
            return distance / distance.pow(2).sqrt().mean(0)""",
        "the mean of the squares less the square of the mean": """
            B = len(x)
            variance = (x * x).sum(0) / B - (x.sum(0) / B) ** 2
            return (x - x.mean(0)) / variance**0.5""",
    },
    "crude-average": {
        "the whole text, the future included": """
            scores = torch.zeros(x.size(-2), x.size(-2))
            return scores.tril().softmax(dim=-1) @ x""",
        "divided by T": """
            out = torch.zeros_like(x)
            for t in range(x.size(-2)):
                out[..., t, :] = x[..., : t + 1, :].sum(dim=-2) / x.size(-2)
            return out""",
        "the sum is the average": "return torch.ones(x.size(-2), x.size(-2)).tril() @ x",
        "divided by t, counted from 0": """
            rows = [x[..., : t + 1, :].sum(dim=-2) / torch.tensor(float(t)) for t in range(x.size(-2))]
            return torch.stack(rows, dim=-2)""",
        "a position does not hear itself": """
            out = torch.zeros_like(x)
            for t in range(1, x.size(-2)):
                out[..., t, :] = x[..., :t, :].mean(dim=-2)
            return out""",
        "the rest instead of the past": """
            past = torch.ones(x.size(-2), x.size(-2)).triu()
            return past / past.sum(dim=-1, keepdim=True) @ x""",
        "half of the average so far, half of the new letter": """
            rows = [x[..., 0, :]]
            for t in range(1, x.size(-2)):
                rows.append(0.5 * rows[-1] + 0.5 * x[..., t, :])
            return torch.stack(rows, dim=-2)""",
        "the sums of the rows, lined up with the columns": """
            past = torch.ones(x.size(-2), x.size(-2)).tril()
            return (past / past.sum(1)) @ x""",
        "averages that are read again": """
            for t in range(x.size(-2)):
                x[..., t, :] = x[..., : t + 1, :].mean(dim=-2)
            return x""",
        "time is the last dimension": "return x.cumsum(-1) / torch.arange(1, x.size(-1) + 1)",
        "time is the first dimension": """
            return torch.stack([x[: t + 1].mean(dim=0) for t in range(len(x))])""",
    },
    "causal-mask": {
        "True means hidden": "return torch.ones(Tq, Tk).triu(Tk - Tq + 1) == 1",
        "the upper triangle": "return torch.ones(Tq, Tk).triu().bool()",
        "nobody looks at themselves": "return torch.ones(Tq, Tk).tril(diagonal=-1) == 1",
        "everyone may look at everyone": "return torch.full((Tq, Tk), True)",
        "the first query stands at the first key": "return torch.tril(torch.ones(Tq, Tk)) == 1",
        "moved the other way": "return torch.ones(Tq, Tk).tril(Tq - Tk) == 1",
        "one step too far": "return torch.tensor([[j <= Tk - Tq + i + 1 for j in range(Tk)] for i in range(Tq)])",
        "something to add to the scores": """
            return torch.zeros(Tq, Tk) + torch.full((Tq, Tk), -math.inf).triu(Tk - Tq + 1)""",
        "the weights of the crude average": """
            past = torch.ones(Tq, Tk).tril(Tk - Tq)
            return past / past.sum(dim=1, keepdim=True)""",
        "always a square": "return torch.ones(Tk, Tk, dtype=torch.bool).tril()",
        "rows are keys": "return torch.tensor([[j <= Tk - Tq + i for i in range(Tq)] for j in range(Tk)]).T.mT",
    },
}

HEAD = """
q, k, v = x @ w_q, x @ w_k, x @ w_v
T, D = q.shape[-2:]
past = torch.ones(T, T).tril() == 1
scores = q @ k.transpose(-2, -1) / D**0.5
scores = scores.masked_fill(~past, -math.inf)
weights = F.softmax(scores, dim=-1)
return weights @ v
"""

# Each wrong belief about the head, with what it writes in place of what.
SLIPS = {
    "no mask": {"masked_fill(~past, -math.inf)": "clone()"},
    "no scale": {" / D**0.5": ""},
    "divided by D, the root forgotten": {"D**0.5": "D"},
    "divided by the root of C": {"D**0.5": "x.size(-1) ** 0.5"},
    "divided by the root of T": {"D**0.5": "T**0.5"},
    "always the root of 2": {"D**0.5": "2**0.5"},
    "multiplied by the root of D": {"/ D": "* D"},
    "scaled after the softmax": {" / D**0.5": "", "weights @": "weights / D**0.5 @"},
    "0 hides the future": {"-math.inf": "0"},
    "masked after the softmax": {"masked_fill(~past, -math.inf)": "clone()", "weights @ v": "weights * past @ v"},
    "the upper triangle is kept": {"tril()": "triu()"},
    "the past is filled, the future and oneself are not": {"~past": "past"},
    "nobody looks at themselves": {"tril()": "tril(-1)"},
    "softmax down the columns": {"dim=-1": "dim=-2"},
    "dim=1 is the keys": {"dim=-1": "dim=1"},
    "keys ask queries": {"q @ k.transpose": "k @ q.transpose"},
    "the key is handed over": {"weights @ v": "weights @ k"},
    "keys and values swapped": {"q, k, v": "q, v, k"},
    "the letters themselves are handed over": {"weights @ v": "weights @ x"},
    "the weights are the answer": {"weights @ v": "weights"},
    "no softmax": {"-math.inf": "0", "F.softmax(scores, dim=-1)": "scores"},
    "a crude average": {"q @ k.transpose(-2, -1) / D**0.5": "torch.zeros(T, T)"},
    "a matrix kept as a layer keeps it": {
        "x @ w_q, x @ w_k, x @ w_v": "F.linear(x, w_q), F.linear(x, w_k), F.linear(x, w_v)"
    },
    "T turns the last two dimensions": {"transpose(-2, -1)": "transpose(0, 1)"},
    "an exponential can hold anything": {
        "F.softmax(scores, dim=-1)": "scores.exp() / scores.exp().sum(-1, keepdim=True)"
    },
}


def slipped(changes):
    text = HEAD
    for right, wrong in changes.items():
        assert right in text
        text = text.replace(right, wrong)
    return text


WRONG["one-head"] = {belief: slipped(changes) for belief, changes in SLIPS.items()}
