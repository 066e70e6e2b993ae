"""Judge's generator of persons for record matching (Zhangzhou): make(n, seed, queries=q).

People come as households (grandparents, couple, children, 1.4 % of later births twins, clan villages,
22 % migrants, 1.4 % TW / HK); children and many elders use a relative's phone. Register: clean, but no id
11 % (age < 3: 40 %), phone 8 %, address 5 %, sex 2 %, birth 1.5 %; name_latin 7 %; 1.5 % of citizens by
passport; 7 % of the people missing. Arrivals by channel (own phone form, desk clerk, oral by telephone,
excel list, mrz passport, ocr photo), percent of its records; groups (word before the dot) independent:

channel.share 27 23 12 18 11 9 | name.latin_only 1 .5 0 3 72 1 | id.otherkind 2 3 1 3 80 1 | sex.wrong .4 1 1 1 .2 .3
rare.lost 15 40 50 35 0 45 | name.han_latin 2 1 0 4 8 0 | idx.lower 25 10 0 15 0 3 | phone.missing 2 15 6 18 45 60
name.homoph 1.5 5 14 2 0 .5 | fmt.space 2 1.5 0 10 0 3 | idx.drop 3 5 15 10 0 5 | phone.changed 5 7 7 9 9 5
name.ear .2 1 7 .2 0 0 | fmt.dot .3 .3 0 1 0 1 | kid.parent_id 4 6 3 5 0 0 | phone.relative 4 4 6 3 1 1
name.look .3 1.5 0 .5 0 7 | fmt.suffix .2 1 2 2 0 0 | birth.missing 4 12 22 20 0 5 | phone.digit .5 2 3.5 1 0 0
name.trad 1.5 1 .5 2 0 1 | fmt.wide .5 .5 0 2 0 0 | birth.swap_md .5 2 1 4 .5 0 | phone.swap .2 1 1 .3 0 0
name.variant .7 1.5 2 1.5 0 1 | id.missing 16 35 80 32 10 5 | birth.digit .6 2 1.5 1.2 0 2 | phfmt.plus86 4 1 0 6 40 0
name.drop .4 1 1.5 .6 0 2 | id.digit .7 2.5 2 1 0 4 | birth.year 0 3 14 4 0 0 | addr.missing 8 25 12 40 92 20
name.add .3 .5 1.5 .3 0 .5 | id.swap .3 1.5 1 .5 0 0 | birth.jan1 .3 1.5 3 1.5 0 0 | addr.reword 22 18 35 12 3 8
name.renamed .3 .3 .5 .2 0 0 | id.old15 .3 1.5 1 1.5 0 0 | birth.lunar 1 2 8 1 0 0 | addr.coarse 8 10 18 15 3 5
name.latin_han 1 1 0 3 20 0 | id.sci000 0 0 0 3 0 0 | sex.missing 3 5 20 15 0 3 | addr.moved 4 4 4 3 0 12

Conditional: rare.* of names with a rare character (then ? □ * pinyin or parts 吉吉); idx.* of ids in X;
kid.* of age < 16; old15 of births < 2000; TW/HK names Traditional in 70 %; beside an intact id only 35 %
of birth damage; half of the wrong digits in an id's date go to birth too. ear = Minnan ear (f/h n/l zh/z
r/l -n/-ng 王/黄); sci000 = Excel's 15 digits; latin_han = pinyin in the Han field. 25 % of arrivals are
not registered, before the filter: stranger 27, same name + birth year 18, twin 16 (next sequence number,
70 % same phone), relative at same address/phone 14, same name + birthday 10, pinyin namesake 6, recycled
phone 5, same village + name 2, id one digit beside 2; same damage. Only the decidable: a human-like log10
evidence sum keeps a true arrival if > 100 x likelier than chance among n and > 300 x than any other; a
stranger (with id or birthday) if nobody registered is > 1/30 as likely as chance. Else redrawn."""

import bisect
import collections
import datetime
import functools
import gc
import itertools
import math
import operator
import random
import re
from types import SimpleNamespace as P
from typing import Any

from pypinyin import lazy_pinyin

MODEL: dict[str, dict[str, list[str]]] = {}  # the table above, in thousandths
for _g, _e, *_p in re.findall(r"([a-z]+)\.(\w+)" + r" +([\d.]+)" * 6, __doc__ or ""):
    for _c, _v in zip("form desk oral excel mrz ocr".split(), _p):
        MODEL.setdefault(_c, {}).setdefault(_g, []).extend([_e] * round(float(_v) * 10))
NEG = "stranger 27 same_name_year 18 twin 16 family 14 same_name_bday 10 pinyin 6 recycled 5 village 2 near_id 2".split()
SURS = "陈林黄张吴李王蔡郑许杨刘郭叶曾沈苏洪庄谢何江周朱赖卢罗游徐方戴邱康高肖柯余汤曹胡孙马魏施潘廖阮简石韩董钟涂田甘赵唐颜严梁邓宋彭傅詹程冯范于姚蒋丁尤翁欧连薛吕温饶萧蓝杜袁任陆金汪姜夏贾侯邹熊孟秦白江毛万史龚邵黎雷段钱佘揭阙巫练官占俞童祝古巴单翟覃韦莫付闫代兰丘辛柳辜粘"
SUR = [*SURS, "欧阳", "上官", "张简", "诸葛", "司徒"]
# men's; women's names / by cohort: whole | first | second character, most frequent first
GIVENS = "金水 天赐 清河 文章 木生 阿水 金山 水木 建成 和平|金水木清文天建国阿炳亚顺庆玉振德福坤瑞溪荣|水木生山河土来发成福顺龙坤泉明辉春枝火林;秀英 玉英 秀珍 金枝 玉兰 桂花 美玉 阿英 秀兰 淑珍|秀玉金美淑桂阿惠素月碧亚宝乌珠春瑞|英珍枝兰花治玉美珠娥月香莲妹琴凤治叶/建国 志强 国强 建明 文福 建华 志明 国平 伟明 跃进 庆祥 明辉 志坚 艺辉 和平 小明 海水 伟 勇 军|建志国文明庆小永海荣炳振清金跃艺伟德亚顺福俊进|明强辉国平福华生成龙忠忠坤文山林顺祥南阳杰水坚勇;丽华 秀珍 丽珍 美玉 惠珍 秀丽 丽娟 美华 淑惠 碧玉 秀英 美珍 丽琴 玉珍 燕 红 雪琴 惠玲 素珍 阿丽|丽秀美惠淑碧玉雪燕素琼小月金阿亚宝慧彩瑞|珍华玉英娟琴惠玲珠花红兰云香卿治燕丽霞梅/志伟 艺伟 志强 毅斌 晓明 志鹏 小龙 伟 杰 志勇 艺鹏 建伟 伟强 俊杰 毅鹏 志杰 少华 凯 文彬 龙辉|志艺伟建毅俊少小晓文永国海鹏龙舜宏鸿泽明炜凯顺炳|伟强斌明鹏龙辉杰勇峰华坤毅彬鑫文滨艺忠阳煌城雄凯;丽娟 雅婷 小燕 艺红 晓燕 婷婷 丽红 燕玲 小玲 雅玲 惠玲 艺玲 燕 静 晓玲 艺婷 婉婷 巧玲 丽丽 雪梅|丽雅小艺晓燕惠婉巧雪婷静美淑慧玉琼碧秋佳思|娟婷燕红玲华云芳萍珊霞丽琴琼珍敏英梅香妹雯静真/梓轩 宇轩 子轩 浩宇 俊杰 浩然 宇航 鸿毅 子涵 梓豪 宇恒 艺轩 铭宇 梓睿 奕辰 煜城 俊熙 子豪 嘉豪 毅恒|宇子梓浩俊鸿毅嘉铭艺奕泽煜睿晨皓凯志佳炜沐钰|轩宇豪杰恒涵毅辰泽鑫宏睿熙阳铭凯城航炜霖烨楷腾;梓涵 欣怡 雨欣 诗涵 梓萱 雨桐 思彤 佳怡 艺涵 雅婷 钰婷 可馨 语桐 欣妍 若曦 雨涵 佳欣 子涵 静怡 诗琪|欣雨梓诗佳思钰艺雅语可若子静依紫婉怡芷沐心|怡涵欣婷桐萱妍彤琪馨瑶晴曦颖淇娴莹雯琳滢霏悦"
GIVEN = {f"{k}{c}": v for c, t in enumerate(GIVENS.split("/")) for k, v in zip("MF", t.split(";"))}
RARES = "喆吉吉 堃方方土 淼水水水 垚土土土 龑龙天 䶮龙天 赟斌贝 翀羽中 旻日文 玥王月 湜水是 炘火斤 㛃女吉 奭大百百 𬭚金享 煊火宣 钲金正 燊火火火木"
LOOK = "土士于干王玉天夫木本林材陈阵李季张弘吴昊杨扬余佘侯候汪江沈沉傅博曾會郑邓柯何简筒汤场莫英叶吐淇洪婷停晓烧彬杉娜哪瑜榆怡恰芬芳茵菌莉荆珊姗宏宠凤风治冶斌武杰木钰珏铭铬鑫金轩轿宇字子于梓辛炜伟涵函毅殷艺芝泽择辰晨烨华欣欧萱宣妍研彤丹琪淇曦羲雯霎琳淋玲珍燕蒸华毕惠恵秀季珠株娟涓琴琹明朋志忘建健国囯强弦龙尤辉挥坤坪水永福副生主清请文丈鹏鸣勇男平乎祥样煌惶俊峻海悔美羙丽丙云去香杳梅海"
TRAD = "陈陳张張吴吳郑鄭许許杨楊刘劉叶葉苏蘇庄莊谢謝赖賴卢盧罗羅游遊汤湯孙孫马馬简簡韩韓钟鍾涂塗赵趙颜顏严嚴邓鄧冯馮蒋蔣欧歐连連吕呂温溫饶饒萧蕭蓝藍陆陸贾賈邹鄒龚龔钱錢阙闕练練单單韦韋黄黃龙龍丽麗华華国國强強伟偉艺藝晓曉兰蘭凤鳳云雲杰傑辉輝荣榮庆慶顺順坚堅军軍鹏鵬宾賓涛濤铭銘泽澤轩軒静靜诗詩钰鈺语語颖穎莹瑩莲蓮爱愛红紅琼瓊宝寶娴嫻滢瀅烨燁恒恆鸿鴻滨濱赐賜来來发發进進跃躍叶葉娇嬌凯凱炜煒龙龍赟贇钲鉦卫衛阳陽腾騰悦悅瑶瑤诸諸岚嵐贤賢"
EXTRA = "晓小章徐伍武程仪宜亦义议翼意益逸佩沛裴培昌畅倩芊谦洁捷婕珺君钧骏隽筠芸韵昀允运媛源缘渊远原蓉融容绒菲飞妃斐莎纱姝舒书树述博勃波政正征祯桢贞震振锦津晋瑾谨靖敬景晶京经莺盈影映迎营宁凝林霖麟临琪齐启绮起佑友右予羽禹语裕昱育郁域霄笑筱效孝校"
COUNTY = "350602 芗城区 64 巷口街道 通北街道 东铺头街道 新桥街道 南坑街道 芝山街道 石亭街道 天宝镇 浦南镇;350603 龙文区 28 蓝田街道 步文街道 碧湖街道 景山街道 郭坑镇 朝阳镇;350681 龙海区 95 石码街道 角美镇 海澄镇 颜厝镇 榜山镇 九湖镇 港尾镇 白水镇 浮宫镇 程溪镇 紫泥镇 东园镇 东泗乡;350623 漳浦县 85 绥安镇 佛昙镇 旧镇镇 杜浔镇 赤湖镇 霞美镇 官浔镇 石榴镇 盘陀镇 长桥镇 前亭镇 古雷镇 南浦乡;350622 云霄县 41 云陵镇 莆美镇 东厦镇 陈岱镇 列屿镇 火田镇 下河乡 马铺乡 和平乡;350624 诏安县 56 南诏镇 深桥镇 四都镇 桥东镇 梅岭镇 太平镇 官陂镇 霞葛镇 秀篆镇;350625 长泰区 23 武安镇 岩溪镇 陈巷镇 枋洋镇 坂里乡;350626 东山县 22 西埔镇 铜陵镇 康美镇 杏陈镇 樟塘镇 陈城镇 前楼镇;350627 南靖县 31 山城镇 靖城镇 龙山镇 金山镇 船场镇 和溪镇 书洋镇 奎洋镇 丰田镇 梅林镇;350628 平和县 46 小溪镇 坂仔镇 文峰镇 安厚镇 大溪镇 山格镇 霞寨镇 南胜镇 九峰镇 芦溪镇 长乐乡;350629 华安县 14 华丰镇 丰山镇 沙建镇 新圩镇 仙都镇 高安镇"
VARI = "峰峯群羣强彊青靑清淸真眞坤堃秋秌升昇昆崑淼渺珏玨恒恆泉湶明朙福褔玲姈杰傑艺兿宝寳肖萧付傅代戴闫阎丘邱兰蓝占詹涂凃国囯煌熿炳昺周週志誌燕鷰娟姢凉涼辉晖辉煇美媄华桦珍珎"
FAR = "360721 522121 511321 430426 341226 500234 450881 420922 350521 350583 350322 440582"
ROADS = "元光南路 丹霞路 水仙大街 新华东路 胜利西路 延安北路 江滨花园 水仙花园 锦绣一方"
AWAY = "厦门市思明区莲前街道 厦门市集美区杏林街道 泉州市晋江市陈埭镇 泉州市南安市水头镇 龙岩市新罗区西城街道 广东省汕头市潮南区峡山街道 广东省深圳市龙岗区布吉街道 江西省赣州市信丰县嘉定镇 四川省达州市宣汉县东乡镇 上海市闵行区七宝镇 浙江省温州市瑞安市塘下镇"
HK = "陈CHAN 林LAM 黄WONG 张CHEUNG 吴NG 李LEE 王WONG 蔡CHOI 郑CHENG 许HUI 杨YEUNG 刘LAU 郭KWOK 叶YIP 志CHI 明MING 伟WAI 强KEUNG 华WAH 丽LAI 美MEI 玲LING 芳FONG 文MAN 国KWOK 建KIN 俊CHUN 杰KIT 英YING 秀SAU 珍CHUN 玉YUK 惠WAI 雅NGA 晓HIU 婷TING 红HUNG 海HOI 辉FAI 荣WING 娟KUEN 小SIU"
WADE = "^zhi$ CHIH,^(chi|shi)$ \\1H,^ri$ JIH,^[zc]i$ TZU,^si$ SZU,^you$ YU,^yan$ YEN,^ye$ YEH,^yi$ I,^zh CH,^(q|j|ch) CH,^x HS,^r J,^b P,^d T,^g K,^[zc] TS,ian$ IEN,ong$ UNG,(i|u)e$ \\1EH,v U"
EAR = "^huang$ wan,^wang$ wan,^fu$ hu,^([zcs])h \\1,^f h,^[nr] l,ng$ n"
DIALS = "135 136 137 138 139 150 151 152 158 159 180 182 183 186 187 189 130 131 133 177"
POLYPHONE = "曾zeng 单shan 覃qin 茜qian 行xing 长chang 朝chao 重chong"
RARE, HKM, PYFIX = ({t[0]: t[1:] for t in x.split()} for x in (RARES, HK, POLYPHONE))
TRAD_T = str.maketrans(TRAD[::2], TRAD[1::2])
VARM, LOOKM = (dict(zip(t[1::2] + t[::2], t[::2] + t[1::2])) for t in (VARI, LOOK))
COUNTIES, STREETS, FARS = [c.split() for c in COUNTY.split(";")], ROADS.split(), FAR.split()
KEYS = "name name_latin sex birth id_kind id_number phone address".split()
TODAY = datetime.date(2026, 11, 28).toordinal()
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # of ASCII: 4800 more
ISO = {o: datetime.date.fromordinal(o).isoformat() for o in range(TODAY - 60000, TODAY + 1)}
DAY = {v: k for k, v in ISO.items()}
Rec = dict[str, str]
Addr = tuple[int, str, str, str]  # county or -1, town or everything, village, number


@functools.cache
def _py(c: str, rules: str = "") -> str:
    s = PYFIX.get(c) or (lazy_pinyin(c)[0] if c > "\u2e80" else c.lower())
    for a, b in (x.split() for x in rules.split(",") if x):
        s = re.sub(a, b, s)  # Wade-Giles: what is done is upper case
    return s.upper() if rules else s


def _pk(text):
    return "".join(map(_py, text))


SOUND: dict[str, list[str]] = {}
for _ch in dict.fromkeys(SURS + EXTRA + re.sub("[ |]", "", "".join(GIVEN.values()))):
    SOUND.setdefault(_py(_ch), []).append(_ch)
    SOUND.setdefault("~" + _py(_ch, EAR), []).append(_ch)


def _slip(a: str, b: str) -> bool:  # one character differs, or two changed places
    d = sum(map(operator.ne, a, b))
    return len(a) == len(b) and (d == 1 or (d == 2 and sorted(a) == sorted(b)))


def _zipf(items: str | list[str], s: float, q: float) -> Any:
    cum = list(itertools.accumulate((k + q) ** -s for k in range(1, len(items) + 1)))
    return lambda r: items[bisect.bisect(cum, r.random() * cum[-1])]


class World:
    def __init__(self, seed: int) -> None:
        r, self.used, self.given = random.Random(seed), dict[str, str](), dict[str, Any]()
        self.r, self.sur, self.tail = r, _zipf(SUR, 1.15, 2.2), {"M": EXTRA, "F": EXTRA}
        for k, v in GIVEN.items():
            whole, a, b = v.split("|")
            self.given[k] = _zipf(whole.split(), 0.8, 2), _zipf(a, 0.7, 2), _zipf(b, 0.7, 2)
            self.tail[k[0]] += a + b
        vs = [a + b + "村" for a in "前后上下内东西南北新" for b in "坑厝坂埔洋楼寨亭港头林田山溪"]
        towns = [(i, c, k) for i, c in enumerate(COUNTIES) for k in range(3, len(c))]
        self.towns = [(i, c[k], [(v, self.sur(r)) for v in r.sample(vs, 14)]) for i, c, k in towns]
        self.cum = list(itertools.accumulate(int(c[2]) / k for _, c, k in towns))
        self.digits: Any = lambda: f"{int(r.random() * 10**8):08d}"
        self.phone: Any = lambda: DIALS[4 * int(r.random() * 20) :][:3] + self.digits()

    def given_name(self, sex: str, birth: int, first: str = "") -> str:
        r, y, tail, u = self.r, 1 + birth / 365.2425, self.tail[sex], self.r.random
        whole, a, b = self.given[f"{sex}{(y >= 1955) + (y >= 1980) + (y >= 2000)}"]
        if not first and u() < 0.18:
            return str(whole(r) if u() < 0.55 else b(r))
        rare = r.choice(list(RARE)) if u() < 0.015 else r.choice(tail) if u() < 0.18 else b(r)
        return (first or (a(r) if u() < 0.85 else r.choice(tail))) + rare

    def id_number(self, area: str, birth: int, sex: str, seq: int = 0) -> str:
        area = {"350681": "350604", "350625": "350605"}.get(area, area) if birth > 738200 else area
        n, seq = "", seq or int(self.r.random() * 399) * 2 + (3 if sex == "M" else 2)
        while not n or n in self.used:
            n, seq = f"{area}{ISO[birth].replace('-', '')}{seq % 1000:03d}", seq + 2
        self.used[n] = "10X98765432"[(sum(map(operator.mul, n.encode(), WEIGHTS)) - 4800) % 11]
        return n + self.used[n]

    def address(self) -> tuple[Addr, str]:
        u, k = self.r.random, bisect.bisect(self.cum, self.r.random() * self.cum[-1])
        (ci, town, vs), n = self.towns[k], str(int(u() * 400) + 1)
        v, clan = vs[int(u() * 14)]
        if (town[-1] == "道" or town == COUNTIES[ci][3]) and u() < 0.6:
            v, clan, n = STREETS[int(u() * 9)], "", n if u() < 0.4 else f"{n}幢{n[-1]}01"
        return (ci, town, v, n), clan

    def text(self, a: Addr, how: int) -> str:  # 0-2 as registered, 3-7 in other words, 8 coarse
        ci, town, v, num = a
        if ci < 0:
            return town if how < 3 else re.sub("省|市", "", town[: 6 if how > 7 else 99], count=2)
        c, n = COUNTIES[ci][1], num if "幢" in num else num + "号"
        if how < 3:
            return f"{('福建省漳州市', '漳州市', '')[how]}{c}{town}{v}{n}"
        cs, vs, ts = c[:2], v.rstrip("村"), re.sub("街道$|.$", "", town)
        han = n.translate(str.maketrans("0123456789", "〇一二三四五六七八九"))
        text = f"{ts}{vs}{n}|{v}{n}, {town}, {c}|{'龙海市' if cs == '龙海' else c}{ts}{vs}大队{n}|漳州{cs}{town}{v}{han}|{cs} {ts} {vs}"
        return f"{text}|{cs}{town}".split("|")[how - 3]

    def household(self) -> list[P]:
        r, u, hh, (addr, clan) = self.r, self.r.random, list[P](), self.address()
        home, style = FARS[int(u() * 12)] if u() < 0.22 else COUNTIES[addr[0]][0], u()
        sur = clan if clan and home not in FAR and u() < 0.45 else self.sur(r)
        born = TODAY - int(r.triangular(20, 88, 40) * 365.25)
        kid, size = born + int(r.triangular(18, 33, 22) * 365), int("11223344568"[int(u() * 11)])
        for role in "HSKKKKGg"[:size]:
            sex = "MF"[u() < 0.48] if role == "K" or size == 1 else "MF"[role in "SG"]
            birth, name, first = born, self.sur(r) if role in "SG" else sur, ""
            if role == "K":  # no gap: a twin
                birth = kid = kid + int(r.triangular(1.2, 8, 3) * 365.25) * (u() > 0.014)
                first = hh[-1].name[len(sur) :][:1] if len(hh) > 2 and u() < 0.5 else ""
            elif role != "H":
                birth -= int(r.triangular(19, 38, 26) * 365.25) if role in "Gg" else 0
                birth = min(birth + int(r.gauss(200, 800)), TODAY - 7000)
            age = (TODAY - birth) / 365.25
            if age < 0 or age > 103 or (role == "K" and age > 26 and u() < 0.6):
                continue
            shared = hh and (age < 11 + 4 * u() or (age > 68 and u() < 0.4))
            phone = hh[:2][int(u() * 1.99) % len(hh)].phone if shared else self.phone()
            area = home if home in FAR or role in "HKg" or u() < 0.7 else COUNTIES[int(u() * 11)][0]
            p = P(sur=name, sex=sex, birth=birth, phone=phone, addr=addr, hh=hh, idn="", lat="")
            p.name = name + (given := self.given_name(sex, birth, first))
            if style < 0.014:
                p.kind, p.doc = "tw_permit" if style < 0.008 else "hkmo_permit", self.digits()
                if style < 0.008:
                    p.lat = _py(name[0], WADE), "-".join(_py(c, WADE) for c in given)
                elif all(c in HKM for c in p.name):  # others keep pinyin, as many Fujian-born do
                    p.lat = HKM[name], " ".join(HKM[c] for c in given)
                p.doc = "H" * (style > 0.008) + p.doc
            else:
                p.kind, p.doc = "idcard", self.id_number(area, birth, sex)
                p.idn = p.doc
                if u() < 0.015:
                    p.kind, p.doc = "passport", ("E" + r.choice("123AJ") + self.digits())[:9]
            hh.append(p)
        return hh

    def entry(self, p: P) -> Rec:
        u, odd, g = self.r.random, p.kind != "idcard", p.name[len(p.sur) :]
        row = [p.name.translate(TRAD_T) if odd and u() < 0.5 else p.name, ""]
        if u() < (0.6 if odd else 0.07):
            row[1] = " ".join(p.lat or (_pk(p.sur), _pk(g))).upper().replace("V", "YU")
        row += [p.sex * (u() > 0.02), ISO[p.birth] * (u() > 0.015)]
        row += ["", ""] if u() < (0.4 if p.birth > TODAY - 1100 else 0.11) else [p.kind, p.doc]
        row += [p.phone * (u() > 0.08), self.text(p.addr, int(u() * 3)) if u() > 0.05 else ""]
        return dict(zip(KEYS, row))

    def stranger(self, kind: str, reg: list[P], outside: list[P]) -> P:  # unregistered
        r, pick = self.r, iter(lambda: self.r.choice(reg), None)
        q, t = r.choice(self.household()), next(t for t in pick if t.idn)
        q.hh, area, seq = [], r.choice(COUNTIES)[0], 0
        if kind == "family" and outside:
            return outside.pop()
        if kind == "stranger" or r.random() < 0.6:
            q.addr = (-1, r.choice(AWAY.split()), "", "")
        if kind in ("stranger", "family", "recycled"):
            q.phone = t.phone if kind == "recycled" else q.phone
            return q
        q.sur, q.name, q.sex, q.birth, q.kind, q.lat = t.sur, t.name, t.sex, t.birth, "idcard", ""
        if kind in ("twin", "near_id"):
            area, seq, first = t.idn[:6], r.choice((2, 4, 20, 200)), ""
            if kind == "twin":
                q.sex, first = r.choice(t.sex * 2 + "MF"), t.name[len(t.sur)]
                q.addr, q.hh, q.phone = t.addr, t.hh, t.phone if r.random() < 0.7 else q.phone
                seq = 2 if q.sex == t.sex else 1
            seq, q.name = int(t.idn[14:17]) + seq, t.sur + self.given_name(q.sex, t.birth, first)
        elif kind == "village":
            q.birth, q.addr = t.birth - r.randrange(200, 3000), (*t.addr[:3], self.digits()[:2])
        elif kind != "same_name_bday":
            q.birth = min(TODAY, DAY[ISO[t.birth][:4] + "-01-01"] + r.randrange(365))
            same = (r.choice(SOUND.get(_py(c), [c])) for c in q.name[len(q.sur) :])
            q.name = q.sur + "".join(same) if kind == "pinyin" else q.name
        q.idn = q.doc = self.id_number(area, q.birth, q.sex, seq)
        return q


def damage(w: World, p: P, ch: str) -> tuple[Rec, dict[str, Any], list[str]]:
    """The arrival, what a careful reader sees in it, and the kinds of damage."""
    r, done, cut = w.r, list[str](), len(p.sur)
    ev = {g: x[k] if (k := int(r.random() * 1000)) < len(x) else "" for g, x in MODEL[ch].items()}

    def pick(group: str, now: str, **other: str | None) -> str:
        new = other.get(ev[group])
        done.extend([] if new in (None, now) else [f"{group}.{ev[group]}"])
        return now if new is None else new

    def typo(t: str, swap: bool = False) -> str:
        k = r.choice([i for i, c in enumerate(t[: len(t) - swap]) if c.isdigit()])
        shape = "86 7 4 8 4 6 85 1 36 4".split()[int(t[k])] if ch == "ocr" else "0123456789"
        return t[:k] + (t[k + 1] + t[k] if swap else r.choice(shape)) + t[k + 1 + swap :]

    sur, giv, v = p.sur, p.name[cut:], ("YU", "U", "V")[p.birth % 3]  # LYU; before 2012 LU or LV
    f, g = p.lat or (_pk(sur).upper().replace("V", v), _pk(giv).upper().replace("V", v))
    apart, mr = g if p.lat else " ".join(map(_py, giv)).upper(), "MR" if p.sex == "M" else "MS"
    lat = f"{f} {g}|{f} {g}|{f}, {g}|{g} {f}|{f}/{g}|{f}<<{g}|{f} {g.title()}|{f} {apart}|{f}{g}|{f}/{g} {mr}"
    lat = r.choice(lat.split("|"))
    ev["name"] = ev["name"] or ("trad" if p.kind[-6:] == "permit" and r.random() < 0.7 else "")
    c = p.name[k := cut + r.randrange(len(giv)) if r.random() < 0.85 else 0]
    near = SOUND.get("~" + _py(c, EAR) if ev["name"] == "ear" else _py(c), [])
    near = [*LOOKM.get(c, "")] if ev["name"] == "look" else near
    one = p.name[:k] + r.choice([x for x in near if x != c] or [c]) + p.name[k + 1 :]
    extra = w.sur(r) + p.name if p.kind[:2] == "hk" and mr == "MS" else sur + r.choice("阿小") + giv
    han = pick("name", p.name, homoph=one, look=one, ear=one, add=extra)
    short, other = sur + giv[r.randrange(len(giv)) :][:1], sur + w.given_name(p.sex, p.birth)
    han = pick("name", han, drop=short, renamed=other)
    text, latin = pick("name", han, latin_han=lat, latin_only=""), pick("name", "", han_latin=lat)
    key, rare, odd = _pk(han), *(next((x for x in han if x in t), "") for t in (RARE, VARM))
    if ev["name"] in ("latin_han", "latin_only"):
        key = re.sub("[^a-z]", "", (f + g).lower()) if p.lat else _pk(p.name)
        han, latin = "", "" if text else lat
    else:
        lost = r.choice(("?", "□", "*", _py(rare), RARE[rare])) if rare else ""
        text = pick("rare", text, lost=text.replace(rare, lost) if rare else None)
        odd = text.replace(odd, VARM.get(odd, ""))
        text = pick("name", text, trad=text.translate(TRAD_T), variant=odd)
        parts, title = (text[:cut], text[cut:]), "先生" if mr == "MR" else "(本人)"
        text = pick("fmt", text, space=r.choice("  \u3000").join(parts), dot="·".join(parts))
        text = pick("fmt", text, suffix=text + title)
    kind, doc, iso = p.kind, p.doc, ISO[p.birth]
    if ch != "mrz" and p.idn and kind == "passport" and r.random() < 0.6:
        kind, doc = "idcard", p.idn
    num = pick("id", doc, missing="", digit=typo(doc), swap=typo(doc, True))
    if kind == "idcard":
        other = ("E" + r.choice(("", "C", "K")) + w.digits())[:9]
        num = pick("id", num, otherkind=other, sci000=doc[:15] + "000")
        num = pick("id", num, old15=doc[:6] + doc[8:17] if iso < "2000" else None)
        kind = "passport" if num == other else kind
    elders = [x.idn for x in p.hh if x.idn and p.birth - x.birth > 6500]
    if num == p.idn and iso > "2010-11-28" and elders:
        num = pick("kid", num, parent_id=r.choice(elders[:2]))
    num = pick("idx", num, lower=num[:-1] + "x", drop=num[:-1]) if num.endswith("X") else num
    bad = f"{num[6:10]}-{num[10:12]}-{num[12:14]}"
    if num == p.idn and ev["birth"] != "missing" and r.random() > 0.35:
        ev["birth"] = ""
    copied = ev["id"] in ("digit", "swap") and kind == "idcard" and r.random() < 0.5
    birth = bad if copied and bad in DAY else iso
    moon = math.floor(math.floor((p.birth - 730124.1) / 29.530589) * 29.530589 + 730125.09)
    lunar = f"{ISO[moon - 20][:8]}{p.birth - moon + 1:02d}"  # month 1 begins 21 Jan - 19 Feb
    swap = f"{iso[:5]}{iso[8:]}-{iso[5:7]}"
    new = {"swap_md": swap, "digit": iso[:2] + typo(iso[2:]), "lunar": lunar}
    birth = pick("birth", birth, **{k: v for k, v in new.items() if v in DAY})
    birth = pick("birth", birth, missing="", year=iso[:4], jan1=iso[:4] + "-01-01")
    sex = pick("sex", p.sex, missing="", wrong="FM"[p.sex == "F"])
    kin, t = [x.phone for x in p.hh if x.phone != p.phone], p.phone
    tel = pick("phone", t, missing="", changed=w.phone(), relative=r.choice(kin) if kin else None)
    t = tel = pick("phone", tel, digit=t[:3] + typo(t[3:]), swap=t[:3] + typo(t[3:], True))
    abroad = r.choice(f"+86{t}|+86 {t}|0086{t}|86-{t}|{t[:3]}-{t[3:7]}-{t[7:]}".split("|"))
    t = pick("phfmt", t, plus86=abroad if t else None)
    a = w.address()[0] if ev["addr"] == "moved" else p.addr
    how = {"reword": r.randrange(3, 8), "coarse": 8}.get(ev["addr"], r.randrange(3))
    where = pick("addr", "?", missing="", reword="r", coarse="c", moved="m") and w.text(a, how)
    seen = (*a[:2], a[2] if how < 8 else "", a[3] if how < 7 else "") if where else None
    m: dict[str, Any] = dict(zip(KEYS, [han, key, sex, birth, kind, num.upper(), tel, seen]))
    m |= {"like": None if ev["name"] == "renamed" else p, "sur": sur}
    wide = {i: i + 0xFEE0 for i in range(48, 91)} if pick("fmt", "", wide="w") else {}
    num, t = num.translate(wide), t.translate(wide)
    return dict(zip(KEYS, [text, latin, sex, birth, kind if num else "", num, t, where])), m, done


def judge(reg: list[Rec], people: list[P], used: dict[str, str], ms: list[dict[str, Any]]) -> Any:
    """Whom each arrival could be, and a careful human's weighing (log10) of one such pair."""
    pk, n = [_pk(p.name) for p in people], len(people)
    known = [(t := g["name_latin"]) and re.sub("[^a-z]", "", t.lower()) for g in reg]
    count = collections.Counter(itertools.chain(pk, (p.name for p in people)))
    parts = [(m["name_latin"] + m["birth"][:4], m["birth"] + m["sur"]) for m in ms]
    keys = [{*x, m["id_number"], m["phone"]} - {""} for x, m in zip(parts, ms)]
    need: dict[str, list[int]] = {k: [] for ks in keys for k in ks}
    for i, (p, x, y) in enumerate(zip(people, pk, known)):
        iso = ISO[p.birth]
        for k in (x, x + iso[:4], p.doc, p.phone, iso + p.sur, *([y, y + iso[:4]] if y else [])):
            if k in need:
                need[k].append(i)

    def weigh(m: dict[str, Any], i: int) -> float:
        g, p, where, same, born = reg[i], people[i], 0.0, 0.0, 0.0
        a, b, alike = m["name"], p.name, m["name_latin"] in (pk[i], known[i])
        name = math.log10(n / (count[b if a == b else pk[i]] + 0.5)) if a == b or a or alike else -4
        if a and a != b:
            ok = all(LOOKM.get(v) == u or _py(u, EAR) == _py(v, EAR) for u, v in zip(a, b))
            x, y = sorted((a, b), key=len)
            near = ok or p is m["like"] or any(x == y[:k] + y[k + 1 :] for k in range(len(y)))
            far = -4 if set(a[1:]) & set(b[1:]) else -5.5
            name = name - 1 if alike else name - 1.7 if near else far
        a, b, card = m["id_number"], g["id_number"], m["id_kind"] == "idcard"
        if a and b and m["id_kind"] == g["id_kind"]:
            valid = used.get(a[:17]) == a[17:]
            same = 5 if _slip(a, b) and not valid else -5 if valid else -2 if card else -1
            if a in (b, b[:17]) or (card and a in (b[:6] + b[8:17], b[:15] + "000")):
                same = 8 if a[15:] != "000" else 6
        x, y = m["birth"], ISO[p.birth] if g["id_kind"] == "idcard" else g["birth"]
        x = x or (f"{a[6:10]}-{a[10:12]}-{a[12:14]}" if card else "")
        if y and (x in DAY or len(x) == 4):
            born = 0.8 if 17 < DAY[y] - DAY.get(x, 0) < 52 else -3
            born = 2.2 if x == f"{y[:5]}{y[8:]}-{y[5:7]}" else 1.8 if _slip(x, y) else born
            if x == y or x[4:] in ("", "-01-01"):
                born = 4.4 if x == y else 1.8 if x[:4] == y[:4] else -2
        if m["sex"] and g["sex"]:
            born += 0.3 if m["sex"] == g["sex"] else -1.3
        if m["phone"] and g["phone"]:
            where = 4 if m["phone"] == g["phone"] else 3 if _slip(m["phone"], g["phone"]) else -0.5
        if m["address"] and g["address"]:
            level = [*(u == v != "" for u, v in zip(m["address"], p.addr)), False].index(False)
            where += (-0.7, 0.7, 1.5, 2.5, 3.5)[level]
        return name + same + min(born, 0.8 if same >= 5 else 9) + min(where, 5.5) - math.log10(n)

    return [{i for k in ks for i in need[k]} for ks in keys], weigh


def build(n: int, seed: int, queries: int) -> tuple[list[Rec], list[tuple[Rec, int, list[str]]]]:
    w, people, outside = World(seed), list[P](), list[P]()
    r, out, left = w.r, list[tuple[Rec, int, list[str]]](), [queries - queries // 4, queries // 4]
    while len(people) < n:
        for p in w.household():
            (people if r.random() < 0.93 and len(people) < n else outside).append(p)
    r.shuffle(people)
    reg, index = [w.entry(p) for p in people], {id(p): i for i, p in enumerate(people)}
    while any(left):
        batch = []
        for neg in [0] * int(left[0] * 1.25 + 9) + [1] * int(left[1] * 1.7 + 9):
            kind = r.choices(NEG[::2], list(map(int, NEG[1::2])))[0] if neg else ""
            p = w.stranger(kind, people, outside) if neg else r.choice(people)
            ch = r.choices(list(MODEL), [len(x["channel"]) for x in MODEL.values()])[0]
            batch.append((p, neg, kind, *damage(w, p, "mrz" if kind == "pinyin" else ch)))
        found, weigh = judge(reg, people, w.used, [b[4] for b in batch])
        for (p, neg, kind, rec, m, done), near in zip(batch, found):
            truth = -1 if neg else index[id(p)]
            near |= {index[id(x)] for x in p.hh if id(x) in index}
            best = max((weigh(m, i) for i in near if i != truth), default=-9.0)
            best = best if truth >= 0 or m["birth"][4:] or m["id_number"] else 9.0  # a bare name
            if left[neg] and (best <= -1.5 if neg else weigh(m, truth) >= max(2.0, best + 2.5)):
                left[neg] -= 1
                out.append((rec, truth, done + [f"not.{kind}"] * neg))
    r.shuffle(out)
    return reg, out


def make(n: int, seed: int, *, queries: int) -> tuple[list[Rec], list[Rec], list[int]]:
    gc.disable()  # a million small objects
    reg, out = build(n, seed, queries)
    gc.enable()
    return reg, [o[0] for o in out], [o[1] for o in out]


if __name__ == "__main__":
    reg_, out_ = build(20000, 1, 5000)
    print(len(reg_), "persons", len(out_), "arrivals; not registered:", sum(o[1] < 0 for o in out_))
    hits_ = collections.Counter(k for o in out_ for k in o[2] or ["no damage"])
    print(*(f"{k:20} {v:5d}" for k, v in sorted(hits_.items())), sep="\n")
    for a_, t_, ks_ in out_[:10]:
        print(ks_, reg_[t_] if t_ >= 0 else "not registered", a_, sep="\n   ")
