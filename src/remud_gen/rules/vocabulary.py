"""The ultrasound vocabulary as data: kind -> group -> terms in English and Chinese.

One line is one group: `group: entry; entry`. An entry is `english|synonym = 中文|同义词`; either side may be missing.
The first form of each side is the one shown. `*` marks an organ that has a left and a right. Terms of one group are
alike in type, so that they can stand beside each other as the options of a question; terms that could both be true of
one image belong in different groups or are synonyms of one entry.
"""

ANATOMY = """
abdomen: liver|hepatic parenchyma = 肝脏|肝实质|肝; gallbladder = 胆囊; pancreas = 胰腺|胰; spleen = 脾脏|脾; stomach = 胃
lobe: left lobe of the liver|left hepatic lobe|left liver lobe = 肝左叶|左肝; right lobe of the liver|right hepatic lobe|right liver lobe = 肝右叶|右肝; caudate lobe = 肝尾状叶|尾状叶; quadrate lobe = 肝方叶
biliary: common bile duct|extrahepatic bile duct|CBD = 胆总管|肝外胆管; intrahepatic bile duct|intrahepatic bile ducts|intrahepatic biliary ducts = 肝内胆管; cystic duct = 胆囊管; pancreatic duct|main pancreatic duct = 胰管|主胰管; gallbladder wall = 胆囊壁; gallbladder neck = 胆囊颈|胆囊颈部
vessel: abdominal aorta = 腹主动脉; inferior vena cava|IVC = 下腔静脉; portal vein|main portal vein = 门静脉; hepatic vein|hepatic veins = 肝静脉; hepatic artery = 肝动脉; splenic vein = 脾静脉; superior mesenteric artery|SMA = 肠系膜上动脉; superior mesenteric vein = 肠系膜上静脉; celiac trunk|coeliac trunk|celiac axis = 腹腔干
renal: *kidney|renal parenchyma = 肾脏|肾实质|肾; *adrenal gland = 肾上腺; *ureter = 输尿管; *psoas muscle|psoas = 腰大肌
kidney_part: renal pelvis = 肾盂; renal cortex = 肾皮质; renal medulla|renal pyramid|renal pyramids = 肾髓质|肾锥体; renal sinus = 肾窦; renal calyx|renal calyces|calyces|calyx = 肾盏; renal hilum = 肾门
renal_vessel: *renal artery = 肾动脉; *renal vein = 肾静脉; *iliac artery|common iliac artery|external iliac artery = 髂动脉|髂总动脉|髂外动脉; *iliac vein|common iliac vein = 髂静脉
pelvis: urinary bladder|bladder = 膀胱; uterus = 子宫; prostate|prostate gland = 前列腺; rectum = 直肠; vagina = 阴道; urethra = 尿道; cervix|uterine cervix = 宫颈|子宫颈
uterus_part: endometrium = 子宫内膜|内膜; myometrium = 子宫肌层|肌层; uterine cavity|endometrial cavity = 宫腔|子宫腔; uterine fundus = 宫底|子宫底
adnexa: *ovary = 卵巢; *fallopian tube = 输卵管; *adnexa = 附件; *follicle|ovarian follicle = 卵泡
scrotum: *testis|testicle = 睾丸; *epididymis = 附睾; *spermatic cord = 精索; seminal vesicle|seminal vesicles = 精囊|精囊腺; scrotum = 阴囊
heart_chamber: left ventricle|LV cavity = 左心室|左室; right ventricle = 右心室|右室; left atrium = 左心房|左房; right atrium = 右心房|右房
valve: mitral valve = 二尖瓣; tricuspid valve = 三尖瓣; aortic valve = 主动脉瓣; pulmonary valve|pulmonic valve = 肺动脉瓣
heart_part: interventricular septum|ventricular septum = 室间隔; interatrial septum|atrial septum = 房间隔; papillary muscle|papillary muscles = 乳头肌; pericardium = 心包; left ventricular outflow tract|LVOT = 左室流出道; right ventricular outflow tract|RVOT = 右室流出道; posterior wall of the left ventricle|left ventricular posterior wall = 左室后壁; left atrial appendage = 左心耳; left ventricular apex|cardiac apex = 心尖
heart: heart = 心脏; lung|lungs = 肺|肺部; pleura|pleural line = 胸膜|胸膜线; diaphragm = 膈肌|膈
great_vessel: ascending aorta = 升主动脉; pulmonary artery|main pulmonary artery = 肺动脉|主肺动脉; aortic arch = 主动脉弓; descending aorta = 降主动脉; superior vena cava|SVC = 上腔静脉; aortic root = 主动脉根部; pulmonary vein|pulmonary veins = 肺静脉; coronary sinus = 冠状静脉窦
aorta: aorta = 主动脉
coronary: right coronary artery|RCA = 右冠状动脉; left main coronary artery|left coronary artery = 左冠状动脉|左主干; left anterior descending artery|LAD = 左前降支; circumflex artery = 左回旋支
neck_vessel: *common carotid artery|carotid artery = 颈总动脉|颈动脉; *internal carotid artery = 颈内动脉; *external carotid artery = 颈外动脉; *internal jugular vein|jugular vein = 颈内静脉; *vertebral artery = 椎动脉; *subclavian artery = 锁骨下动脉; *subclavian vein = 锁骨下静脉; carotid bifurcation = 颈动脉分叉|颈动脉分叉处
neck: *thyroid lobe|lobe of the thyroid|thyroid gland|thyroid = 甲状腺|甲状腺侧叶; *parotid gland|parotid = 腮腺; *submandibular gland = 颌下腺|下颌下腺; *sublingual gland = 舌下腺; *parathyroid gland|parathyroid = 甲状旁腺
neck_other: trachea = 气管; esophagus|oesophagus = 食管; thyroid isthmus|isthmus of the thyroid = 甲状腺峡部|峡部; *cervical lymph node|cervical lymph nodes = 颈部淋巴结; tongue = 舌; oral cavity|mouth = 口腔
breast: *breast = 乳腺|乳房; *nipple = 乳头; *axilla|axillary region = 腋窝|腋下; *axillary lymph node|axillary lymph nodes = 腋窝淋巴结; pectoralis major muscle|pectoralis muscle|pectoral muscle = 胸大肌; lymph node|lymph nodes = 淋巴结
limb_vessel: *femoral artery|common femoral artery|superficial femoral artery = 股动脉|股总动脉|股浅动脉; *femoral vein|common femoral vein = 股静脉|股总静脉; *popliteal artery = 腘动脉; *popliteal vein = 腘静脉; *brachial artery = 肱动脉; *radial artery = 桡动脉; *great saphenous vein = 大隐静脉; *posterior tibial vein|posterior tibial veins = 胫后静脉
limb: *upper leg|thigh = 大腿; *lower leg|leg|calf = 小腿; *upper arm = 上臂; *forearm = 前臂; *shoulder|shoulder joint = 肩部|肩关节; *knee|knee joint = 膝关节|膝部; *hip|hip joint = 髋关节; *ankle|ankle joint = 踝关节; *wrist = 腕部|腕关节; *elbow|elbow joint = 肘关节|肘部; *foot = 足部|足底
muscle: *tibialis anterior muscle|tibialis anterior = 胫骨前肌; *gastrocnemius muscle|gastrocnemius = 腓肠肌; *soleus muscle|soleus = 比目鱼肌; *deltoid muscle|deltoid = 三角肌; *rectus femoris muscle|rectus femoris = 股直肌; *biceps muscle|biceps brachii = 肱二头肌; *rectus abdominis muscle|rectus abdominis = 腹直肌; *sternocleidomastoid muscle|sternocleidomastoid = 胸锁乳突肌
tendon: *achilles tendon = 跟腱; *supraspinatus tendon = 冈上肌腱; *biceps tendon|long head of the biceps tendon = 肱二头肌腱|肱二头肌长头腱; *patellar tendon = 髌腱; *quadriceps tendon = 股四头肌腱; *infraspinatus tendon = 冈下肌腱; *subscapularis tendon = 肩胛下肌腱
nerve: *median nerve = 正中神经; *ulnar nerve = 尺神经; *radial nerve = 桡神经; *sciatic nerve = 坐骨神经; *tibial nerve = 胫神经; *brachial plexus = 臂丛神经|臂丛
soft_tissue: fascia|echogenic fascia = 筋膜; subcutaneous fat|subcutaneous tissue = 皮下脂肪|皮下组织|皮下脂肪层; skin = 皮肤; abdominal wall = 腹壁; muscle|muscles|muscle tissue = 肌肉; plantar fascia = 足底筋膜
fetal: fetal head|fetal skull = 胎头|胎儿头颅; fetal abdomen = 胎儿腹部; fetal heart = 胎儿心脏; fetal spine = 胎儿脊柱; fetal femur = 胎儿股骨; fetal face = 胎儿面部|胎儿颜面; fetal mouth = 胎儿口腔; fetal kidney|fetal kidneys = 胎儿肾脏
pregnancy: placenta = 胎盘; umbilical cord = 脐带; amniotic fluid = 羊水; gestational sac = 孕囊|妊娠囊; yolk sac = 卵黄囊; umbilical artery = 脐动脉; fetus = 胎儿; ductus venosus = 静脉导管
brain: lateral ventricle|lateral ventricles = 侧脑室; cerebellum = 小脑; thalamus|thalami = 丘脑; choroid plexus = 脉络丛; cavum septi pellucidi|cavum septum pellucidum = 透明隔腔; cisterna magna = 后颅窝池|小脑延髓池; middle cerebral artery = 大脑中动脉; corpus callosum = 胼胝体
eye: *eyeball|globe = 眼球; lens = 晶状体; vitreous|vitreous body = 玻璃体; retina = 视网膜; optic nerve = 视神经; anterior chamber = 前房
bowel: appendix = 阑尾; small bowel|small intestine = 小肠; colon = 结肠; duodenum = 十二指肠; terminal ileum|ileum = 回肠末端|回肠; intestine|bowel = 肠管|肠道; stomach wall|gastric wall = 胃壁; peritoneal cavity = 腹腔
"""

PLANE = """
orientation: longitudinal|longitudinally oriented|sagittal = 纵切面|纵切|纵断面|矢状切面|矢状面|矢状切; transverse|axial|cross-sectional = 横切面|横切|横断面|轴切面|水平切面|短轴切面; coronal = 冠状切面|冠状面; oblique = 斜切面|斜切|斜断面
apical: apical four-chamber|apical 4-chamber|apical 4 chamber|A4C = 心尖四腔心切面|心尖四腔切面|心尖四腔心|四腔心切面; apical two-chamber|apical 2-chamber|A2C = 心尖两腔心切面|心尖二腔心切面|心尖两腔心; apical three-chamber|apical 3-chamber|apical long-axis = 心尖三腔心切面|心尖长轴切面|心尖三腔心; apical five-chamber|apical 5-chamber = 心尖五腔心切面|心尖五腔心
parasternal: parasternal long-axis|PLAX = 胸骨旁左室长轴切面|胸骨旁长轴切面|左室长轴切面|胸骨旁左心室长轴切面; parasternal short-axis|PSAX = 胸骨旁短轴切面|大动脉短轴切面|左室短轴切面|胸骨旁左室短轴切面; subcostal|subxiphoid = 剑突下切面|剑突下四腔心切面|肋下切面; suprasternal = 胸骨上窝切面|胸骨上窝主动脉弓长轴切面
transesophageal_view: mid-esophageal four-chamber|midesophageal four-chamber|mid-oesophageal four-chamber = 食管中段四腔心切面|食管中段四腔切面; mid-esophageal two-chamber|midesophageal two-chamber = 食管中段两腔心切面|食管中段两腔切面; mid-esophageal long-axis|midesophageal long-axis = 食管中段长轴切面; mid-esophageal bicaval|bicaval = 食管中段双房上下腔静脉切面|双房切面; transgastric short-axis = 经胃底短轴切面|经胃短轴切面
head_plane: transthalamic = 丘脑水平横切面|丘脑切面; transventricular = 侧脑室水平横切面|侧脑室切面; transcerebellar = 小脑水平横切面|小脑横切面|小脑切面
fetal_plane: three-vessel view|three vessel|three-vessel-trachea = 三血管切面|三血管气管切面; abdominal circumference = 腹围切面|上腹部横切面; femur length = 股骨长轴切面; fetal four-chamber = 胎儿四腔心切面
window: intercostal = 肋间切面|肋间斜切面; subcostal oblique = 肋缘下斜切面|右肋缘下斜切面
"""

MODALITY = """
mode: B-mode|gray-scale|grey-scale|grayscale|greyscale|B mode|2D|two-dimensional = 二维超声|B型超声|灰阶超声|灰阶图像|灰阶图|灰阶|二维图像|二维|B超; M-mode|M mode = M型超声|M型; color Doppler|colour Doppler|color flow|colour flow|CDFI = 彩色多普勒|彩色多普勒超声|彩色多普勒血流成像|CDFI|彩超; power Doppler = 能量多普勒|能量多普勒超声; pulsed-wave Doppler|spectral Doppler|pulsed wave Doppler|pulse Doppler|PW Doppler = 频谱多普勒|脉冲多普勒|脉冲波多普勒; continuous-wave Doppler|continuous wave Doppler|CW Doppler = 连续多普勒|连续波多普勒; tissue Doppler|tissue Doppler imaging = 组织多普勒; elastography|shear-wave elastography|shear wave elastography|strain elastography = 弹性成像|剪切波弹性成像|超声弹性成像; contrast-enhanced ultrasound|contrast enhanced ultrasound|CEUS|contrast-enhanced sonography = 超声造影|造影; strain imaging|speckle-tracking|speckle tracking = 应变成像|斑点追踪成像|斑点追踪; 3D ultrasound|three-dimensional|3D = 三维超声|三维成像|三维
doppler: Doppler = 多普勒|多普勒超声
route: transthoracic echocardiography|transthoracic echocardiogram|transthoracic echo|TTE = 经胸超声心动图; transesophageal echocardiography|transesophageal echocardiogram|transesophageal echo|transoesophageal echocardiography|transoesophageal echocardiogram|TEE = 经食管超声心动图|经食道超声心动图; intracardiac echocardiography = 心腔内超声|心腔内超声心动图; stress echocardiography|stress echocardiogram = 负荷超声心动图
access: transvaginal ultrasound|transvaginal sonography|transvaginal sonogram|transvaginal scan|endovaginal ultrasound = 经阴道超声|阴道超声; transabdominal ultrasound|transabdominal sonography|transabdominal scan = 经腹超声|经腹部超声; transrectal ultrasound|TRUS = 经直肠超声|直肠超声; endoscopic ultrasound|EUS|endoscopic ultrasonography = 超声内镜|内镜超声; intravascular ultrasound|IVUS = 血管内超声; transperineal ultrasound|translabial ultrasound = 经会阴超声
echo: echocardiography|echocardiogram|echo = 超声心动图
method: ultrasound|ultrasonography|sonography|sonogram|ultrasonogram|sonographic|ultrasonographic|ultrasound image|US = 超声|声像图|超声图像; magnetic resonance imaging|MRI|magnetic resonance|MR image|T1-weighted|T2-weighted|PDFS|FLAIR|STIR = 磁共振|磁共振成像|MRI; computed tomography|CT|MSCT|CT scan = CT|计算机断层扫描; radiography|radiograph|X-ray|chest radiograph = X线|X线片|平片; electrocardiography|electrocardiogram|ECG = 心电图; angiography|angiogram = 血管造影; scintigraphy|PET = 核素显像; histology|photomicrograph|histopathology|hematoxylin|H&E stain|PAS stain|Gram stain = 病理切片|组织学; photograph|macroscopic view|gross specimen|intraoperative view|intraoperative photograph|clinical photograph = 大体标本|照片
"""

FINDING = """
echogenicity: hyperechoic|hyperechogenic|echogenic|highly echogenic = 高回声|强回声|回声增强|回声增高; hypoechoic|hypoechogenic = 低回声|弱回声|回声减低; anechoic|echo-free|sonolucent = 无回声|液性暗区|液性无回声; isoechoic = 等回声
texture: heterogeneous|inhomogeneous = 不均匀|欠均匀|不均质|不均; homogeneous = 均匀|均质
margin: well-defined|well defined|well-circumscribed|circumscribed|sharply marginated = 边界清晰|边界清楚|边界清|界限清晰|境界清晰; ill-defined|ill defined|poorly defined|indistinct = 边界不清|边界不清晰|边界模糊|界限不清|境界不清; irregular|spiculated|microlobulated|angular margin = 不规则|形态不规则|毛刺|分叶状; regular|smooth = 形态规则|规则|光滑
lesion: mass|masses|tumor|tumour|neoplasm|space-occupying lesion = 肿块|占位|肿物|包块|占位性病变; nodule|nodules|nodular = 结节; cyst|cysts|cystic lesion|cystic = 囊肿|囊性|囊性占位|囊性包块; polyp|polyps = 息肉; lesion|lesions = 病灶|病变; abscess = 脓肿; thrombus|thrombosis|thrombi|clot = 血栓; plaque|plaques = 斑块; vegetation|vegetations = 赘生物; calculus|calculi|stone|stones|gallstone|gallstones = 结石; calcification|calcifications|microcalcification|microcalcifications|calcified = 钙化|微钙化|钙化灶
collection: effusion|pericardial effusion|pleural effusion|joint effusion = 积液|心包积液|胸腔积液; ascites|free fluid = 腹水|腹腔积液|游离液体; hematoma|haematoma = 血肿; fluid collection|fluid = 液体|液性; edema|oedema|swelling = 水肿|肿胀; hydronephrosis = 肾积水; gas|air = 气体
change: enlarged|enlargement|hypertrophy|hypertrophied|hypertrophic = 增大|肿大|肥大; small|atrophy|atrophic|shrunken = 缩小|萎缩; thickened|thickening|wall thickening = 增厚; thinned|thinning = 变薄; dilated|dilatation|dilation|distended = 扩张|增宽; narrowed|narrowing|stenosis|stenotic = 狭窄|变窄; defect|tear|rupture|discontinuity|interruption = 缺损|撕裂|断裂|破裂|中断; herniation|hernia|bulging|protrusion|prolapse|prolapsing = 疝|疝出|膨出|脱垂|突出; compression|compressed = 受压|压迫; displacement|displaced = 移位; collapse|collapsed = 塌陷|萎陷; occlusion|occluded|obstruction = 闭塞|梗阻|阻塞; intact = 完整|连续; infiltration|invasion = 浸润|侵犯; hypokinesis|akinesis|wall motion abnormality|hypokinetic = 运动减弱|运动异常|运动消失|室壁运动; absorption|resolution|resolved = 吸收; dissection = 夹层; aneurysm|aneurysmal = 动脉瘤|瘤样扩张
doppler_sign: blood flow|flow signal|flow signals|vascularity|vascularization|hypervascular|avascular|vascular flow = 血流信号|血流|血供; regurgitation|regurgitant jet|regurgitant = 反流; shunt|shunting = 分流; turbulent flow|turbulence|aliasing = 湍流|花色血流|五彩镶嵌; reversed flow|flow reversal = 反向血流|血流反向; jet|inflow = 射流
artefact: posterior acoustic enhancement|posterior enhancement|acoustic enhancement = 后方回声增强|后方增强; acoustic shadow|acoustic shadowing|posterior shadowing|shadowing = 声影|后方声影|后伴声影; comet-tail|comet tail|ring-down = 彗星尾|彗尾征; reverberation = 混响; B-line|B-lines = B线; A-line|A-lines = A线
sign: target sign|bull's eye|doughnut sign = 靶环征|靶征|同心圆征; double track|string sign|whirlpool sign|spinnaker sign = 漩涡征|双轨征; halo|hypoechoic halo = 晕环|声晕|低回声晕; wall-echo-shadow|WES = 囊壁结石声影三合征|WES征; septation|septations|septa|septated = 分隔; solid|solid component = 实性|实性成分; consolidation = 实变; peristalsis = 蠕动
"""

DIAGNOSIS = """
liver_disease: hepatocellular carcinoma|HCC = 肝细胞癌|原发性肝癌|肝癌; hepatic hemangioma|haemangioma|hemangioma = 肝血管瘤|血管瘤; focal nodular hyperplasia = 局灶性结节增生|肝局灶性结节性增生; hepatic cyst|liver cyst|simple hepatic cyst = 肝囊肿; liver abscess|hepatic abscess = 肝脓肿; liver cirrhosis|cirrhosis = 肝硬化; fatty liver|hepatic steatosis|steatosis = 脂肪肝; liver metastasis|liver metastases|hepatic metastases = 肝转移瘤|肝转移癌
biliary_disease: acute cholecystitis|cholecystitis = 急性胆囊炎|胆囊炎|慢性胆囊炎; gallstones disease|cholelithiasis = 胆囊结石; gallbladder polyp|gallbladder polyps = 胆囊息肉; gallbladder carcinoma|gallbladder cancer = 胆囊癌; adenomyomatosis = 胆囊腺肌症|胆囊腺肌增生症; choledocholithiasis = 胆总管结石; cholangiocarcinoma = 胆管癌; biliary atresia = 胆道闭锁
pancreas_disease: acute pancreatitis|pancreatitis = 急性胰腺炎|胰腺炎; pancreatic carcinoma|pancreatic cancer|pancreatic adenocarcinoma = 胰腺癌; pancreatic pseudocyst|pseudocyst = 胰腺假性囊肿; chronic pancreatitis = 慢性胰腺炎; splenic infarction = 脾梗死
kidney_disease: renal cell carcinoma = 肾细胞癌|肾癌; angiomyolipoma|renal angiomyolipoma = 肾错构瘤|肾血管平滑肌脂肪瘤; renal cyst|simple renal cyst = 肾囊肿; polycystic kidney disease|polycystic kidney = 多囊肾; renal calculus|nephrolithiasis|kidney stone|renal stone = 肾结石; renal hypoplasia = 肾发育不全|肾缩小|肾脏缩小; renal agenesis = 肾脏缺失|肾缺如; horseshoe kidney = 马蹄肾; renal pelvic carcinoma = 肾盂癌; wilms tumor|nephroblastoma = 肾母细胞瘤
urinary_disease: bladder carcinoma|bladder cancer|urothelial carcinoma = 膀胱癌|膀胱肿瘤; bladder calculus|bladder stone = 膀胱结石; prostate cancer|prostatic carcinoma = 前列腺癌; benign prostatic hyperplasia|prostatic hyperplasia = 前列腺增生; ureterocele = 输尿管囊肿; ureteral calculus|ureteral stone = 输尿管结石; cystitis = 膀胱炎
scrotal_disease: testicular torsion = 睾丸扭转; epididymitis|epididymo-orchitis = 附睾炎; hydrocele = 鞘膜积液; varicocele = 精索静脉曲张; seminoma = 精原细胞瘤; cryptorchidism|undescended testis = 隐睾
uterine_disease: uterine fibroid|uterine leiomyoma|leiomyoma|fibroid = 子宫肌瘤; adenomyosis = 子宫腺肌症|子宫腺肌病; endometrial carcinoma|endometrial cancer = 子宫内膜癌; endometrial polyp = 子宫内膜息肉; cervical carcinoma|cervical cancer = 宫颈癌; hydatidiform mole|molar pregnancy = 葡萄胎; ectopic pregnancy = 异位妊娠|宫外孕
ovarian_disease: mature cystic teratoma|dermoid cyst|ovarian teratoma = 卵巢畸胎瘤|畸胎瘤; endometrioma|chocolate cyst = 卵巢巧克力囊肿|子宫内膜异位囊肿; ovarian torsion = 卵巢扭转; ovarian cystadenoma|serous cystadenoma|mucinous cystadenoma = 卵巢囊腺瘤; ovarian carcinoma|ovarian cancer = 卵巢癌; polycystic ovary syndrome|polycystic ovary = 多囊卵巢综合征|多囊卵巢; hemorrhagic cyst|corpus luteum cyst = 黄体囊肿
thyroid_disease: papillary thyroid carcinoma|papillary carcinoma = 甲状腺乳头状癌; Hashimoto thyroiditis|hashimoto's thyroiditis = 桥本甲状腺炎; nodular goiter|nodular goitre|multinodular goiter = 结节性甲状腺肿; graves disease|graves' disease = 毒性弥漫性甲状腺肿; thyroid adenoma|follicular adenoma = 甲状腺腺瘤; subacute thyroiditis = 亚急性甲状腺炎; parathyroid adenoma = 甲状旁腺腺瘤; medullary thyroid carcinoma = 甲状腺髓样癌
breast_disease: fibroadenoma = 乳腺纤维腺瘤|纤维腺瘤; invasive ductal carcinoma|breast cancer|breast carcinoma = 浸润性导管癌|乳腺癌; breast cyst|simple breast cyst = 乳腺囊肿; phyllodes tumor|phyllodes tumour = 叶状肿瘤; intraductal papilloma = 导管内乳头状瘤; mastitis = 乳腺炎; ductal carcinoma in situ|DCIS = 导管原位癌
salivary_disease: pleomorphic adenoma = 多形性腺瘤; Warthin tumor|warthin's tumor = 腺淋巴瘤; sarcoidosis|parotid sarcoidosis = 腮腺结节病|结节病; sialolithiasis = 涎腺结石; parotitis|sialadenitis = 腮腺炎; Sjögren syndrome|sjogren syndrome = 干燥综合征; lymphoma = 淋巴瘤
heart_disease: atrial myxoma|myxoma|left atrial myxoma = 左房黏液瘤|黏液瘤|心房黏液瘤; hypertrophic cardiomyopathy = 肥厚型心肌病; dilated cardiomyopathy = 扩张型心肌病; infective endocarditis|endocarditis = 感染性心内膜炎; cardiac tamponade|tamponade = 心脏压塞|心包填塞; takotsubo cardiomyopathy = 应激性心肌病; cardiac amyloidosis|amyloidosis = 心肌淀粉样变; constrictive pericarditis|pericarditis = 缩窄性心包炎|心包炎
valve_disease: mitral stenosis|rheumatic mitral stenosis = 二尖瓣狭窄; mitral regurgitation = 二尖瓣反流; aortic stenosis = 主动脉瓣狭窄; aortic regurgitation = 主动脉瓣反流; tricuspid regurgitation = 三尖瓣反流; mitral valve prolapse = 二尖瓣脱垂
congenital_heart: ventricular septal defect|VSD = 室间隔缺损; atrial septal defect|ASD = 房间隔缺损; tetralogy of Fallot = 法洛四联症|法洛氏四联症; patent ductus arteriosus|PDA = 动脉导管未闭; ebstein anomaly|ebstein's anomaly = 三尖瓣下移畸形; transposition of the great arteries = 大动脉转位; patent foramen ovale = 卵圆孔未闭
vascular_disease: deep vein thrombosis|DVT = 深静脉血栓|深静脉血栓形成; abdominal aortic aneurysm = 腹主动脉瘤; aortic dissection = 主动脉夹层; carotid stenosis = 颈动脉狭窄; pseudoaneurysm = 假性动脉瘤; arteriovenous fistula = 动静脉瘘; budd-chiari syndrome = 布加综合征; acute infarction|cerebral infarction = 脑梗死
bowel_disease: acute appendicitis|appendicitis = 急性阑尾炎|阑尾炎; intussusception = 肠套叠; pyloric stenosis|hypertrophic pyloric stenosis = 幽门肥厚|先天性肥厚性幽门狭窄|幽门狭窄; inguinal hernia = 腹股沟疝; diverticulitis = 憩室炎; mesenteric cyst = 肠系膜囊肿; bowel obstruction|small bowel obstruction = 肠梗阻
muscle_disease: muscle hernia = 肌疝; ganglion cyst|ganglion = 腱鞘囊肿; Baker cyst|baker's cyst|popliteal cyst = 腘窝囊肿; lipoma = 脂肪瘤; plantar fasciitis = 足底筋膜炎; carpal tunnel syndrome = 腕管综合征; rotator cuff tear = 肩袖撕裂; achilles tendon rupture = 跟腱断裂; tenosynovitis = 腱鞘炎; schwannoma = 神经鞘瘤
fetal_disease: anencephaly = 无脑儿; spina bifida = 脊柱裂; omphalocele = 脐膨出; gastroschisis = 腹裂; cystic hygroma = 颈部水囊瘤|水囊瘤; cleft lip|cleft lip and palate = 唇裂|唇腭裂; placenta previa = 前置胎盘; ventriculomegaly|hydrocephalus = 脑积水|侧脑室扩张; placental abruption = 胎盘早剥; ranula = 舌下囊肿
lung_disease: pneumothorax = 气胸; pneumonia = 肺炎; pulmonary edema|pulmonary oedema = 肺水肿; dengue = 登革热; pulmonary embolism = 肺栓塞; atelectasis = 肺不张
"""

TABLES: dict[str, str] = {
    "anatomy": ANATOMY,
    "plane": PLANE,
    "modality": MODALITY,
    "finding": FINDING,
    "diagnosis": DIAGNOSIS,
}

# Terms of one group that may both be true of one image, by their first English forms.
OVERLAPS = (
    "longitudinal/coronal", "color Doppler/pulsed-wave Doppler", "color Doppler/B-mode", "power Doppler/B-mode",
    "pulsed-wave Doppler/B-mode", "pulsed-wave Doppler/continuous-wave Doppler", "strain imaging/tissue Doppler",
    "tissue Doppler/color Doppler", "tissue Doppler/pulsed-wave Doppler", "strain imaging/B-mode", "lung/pleura",
    "contrast-enhanced ultrasound/B-mode", "elastography/B-mode", "polycystic kidney disease/renal cyst",
    "acute pancreatitis/pancreatic pseudocyst", "acute cholecystitis/gallstones disease", "breast/axilla",
    "urinary bladder/urethra", "liver cirrhosis/hepatocellular carcinoma", "uterus/vagina", "3D ultrasound/B-mode",
    "continuous-wave Doppler/color Doppler", "skin/subcutaneous fat", "muscle/fascia", "intestine/small bowel",
    "intestine/colon", "intestine/duodenum", "intestine/terminal ileum", "small bowel/terminal ileum",
    "small bowel/duodenum", "fetal head/fetal face", "fetal face/fetal mouth", "fetus/umbilical cord", "breast/nipple",
)

# Words whose exchange turns a true statement about an image into a false one; the longer form must come first where
# one contains the other (不均匀 before 均匀).
OPPOSITES = {
    "en": """left/right; increased/decreased; increase/decrease; enlarged/shrunken; thickened/thinned;
thickening/thinning; hyperechoic/hypoechoic; hyperechogenic/hypoechogenic; anechoic/hyperechoic; intact/disrupted;
dilated/narrowed; dilatation/narrowing; dilation/narrowing; proximal/distal; anterior/posterior; superior/inferior;
medial/lateral; homogeneous/heterogeneous; well-defined/ill-defined; solid/cystic; large/small; longitudinal/transverse;
systolic/diastolic; irregular/regular; upper/lower; intrahepatic/extrahepatic; single/multiple; thick/thin;
hypervascular/avascular; hyperintense/hypointense""",
    "zh": """左/右; 增大/缩小; 增厚/变薄; 扩张/狭窄; 增强/减低; 增高/减低; 升高/降低; 强回声/低回声; 高回声/低回声;
无回声/高回声; 不均匀/均匀; 欠均匀/均匀; 边界清晰/边界不清; 边界清楚/边界不清; 不规则/规则; 完整/中断; 前壁/后壁; 丰富/稀少;
单发/多发; 囊性/实性; 收缩期/舒张期; 上段/下段; 上极/下极; 内侧/外侧; 增快/减慢; 近端/远端; 纵切面/横切面; 前方/后方; 巨大/微小""",
}
# Alternatives of which exactly one is said: four of them make a question with four parallel options.
ALTERNATIVES = {
    "en": ("hyperechoic/hypoechoic/anechoic/isoechoic", "anterior/posterior/medial/lateral"),
    "zh": ("高回声/低回声/无回声/等回声", "上极/下极/中部/肾门部"),
}
